"""List what can be had now, in the operator's order, from the kept market: the provider is not asked."""

from __future__ import annotations

from chalicelib.domain import catalogue
from chalicelib.domain.errors import StoreUnavailable
from chalicelib.operations.services import Services


def list_types(services: Services) -> tuple[catalogue.Listing, ...]:
    """Types in stock with their prices; StoreUnavailable before the market has been read for the first time."""
    market = services.catalogue.market()
    if market is None:
        raise StoreUnavailable("The list of server types has not been read yet. Try again in a minute.")
    return catalogue.listings(market, services.limits, services.catalogue.refused(services.clock.now()))

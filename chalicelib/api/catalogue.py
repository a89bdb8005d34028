"""What can be had now, for the signup page and the CLI. No provider is asked: the tick keeps the catalogue."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from chalice.app import Blueprint, Response

from chalicelib.api.call import Call
from chalicelib.api.edge import Edge
from chalicelib.api.moment import rfc3339
from chalicelib.api.reply import reply
from chalicelib.api.route import blueprint
from chalicelib.domain.catalogue import Listing, Offer
from chalicelib.operations import list_types
from chalicelib.operations.services import Services

COMFORTABLE_GB = 4
TIGHT = "It has little memory: fine for a try, slow for large projects."


def catalogue_blueprint(services: Services, edge: Edge) -> Blueprint:
    """The route `/types`."""
    views = _Catalogue(services=services)
    return blueprint("catalogue", edge, {("GET", "/types"): views.types})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Catalogue:
    services: Services

    def types(self, _: Call) -> Response:
        """List the types that can be had now, with prices including IPv4."""
        listings = list_types.list_types(self.services)
        market = self.services.catalogue.market()
        read_at = None if market is None else rfc3339(market.read_at)
        return reply({"types": [type_view(each) for each in listings], "read_at": read_at})


def type_view(listing: Listing) -> dict[str, Any]:
    """A listing as JSON; its price is the first offer's, and every offer has its own in `offers`. Euros as text."""
    kind, first = listing.type, listing.offers[0]
    return {
        "name": kind.name,
        "cores": kind.cores,
        "memory_gb": _number(kind.memory_gb),
        "disk_gb": kind.disk_gb,
        "architecture": kind.architecture,
        "price_hourly_eur": _euros(first.hourly),
        "price_monthly_eur": _euros(first.monthly),
        "locations": [offer.location for offer in listing.offers],
        "recommended": listing.recommended,
        "note": TIGHT if kind.memory_gb < COMFORTABLE_GB else None,
        "offers": [_offer_view(offer) for offer in listing.offers],
    }


def _offer_view(offer: Offer) -> dict[str, str]:
    return {
        "location": offer.location,
        "price_hourly_eur": _euros(offer.hourly),
        "price_monthly_eur": _euros(offer.monthly),
    }


def _euros(amount: Decimal) -> str:
    """The price as the provider gives it, without an exponent or superfluous zeros beyond the cent."""
    text = f"{amount:f}"
    whole, point, parts = text.partition(".")
    return f"{whole}.{parts.rstrip('0').ljust(2, '0')}" if point else f"{whole}.00"


def _number(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)

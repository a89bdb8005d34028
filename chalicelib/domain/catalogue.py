"""Types, prices and stock, and the ordered choice of what to buy.

The market is read from the provider and kept as one item; no type and no price is written into the code. `available`
is advisory: a refusal at the provider is remembered for a while and the next of the list is tried (`hetzner.md`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from chalicelib.domain.errors import InvalidInput
from chalicelib.domain.instance import Choice, Wish
from chalicelib.domain.limits import Limits

REFUSAL_MEMORY = timedelta(minutes=15)
"""How long a type is not asked for again in a location that refused it."""

MARKET_AGE = timedelta(minutes=5)
"""How old the kept market may be before the tick reads it again."""

ARCHITECTURE = "x86"
"""The only architecture the image is built for."""

LEAST_MEMORY_GB = Decimal(2)
"""The installer is unpacked into memory; with 2 GB it fits, with little to spare (nixos-anywhere's issue #651)."""

LEAST_DISK_GB = 20
"""The system takes about 6 GB; what is left must do for a day's work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A type in one location: euros per started hour and per month (both with IPv4), and whether it can be had."""

    location: str
    hourly: Decimal
    monthly: Decimal
    available: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerType:
    """A server type; memory and disk in GB."""

    name: str
    cores: int
    memory_gb: Decimal
    disk_gb: int
    architecture: str
    deprecated: bool
    offers: tuple[Offer, ...]

    @property
    def fits(self) -> bool:
        """Whether the image runs on it: its architecture, still sold, and large enough to be installed (row B21)."""
        large = self.memory_gb >= LEAST_MEMORY_GB and self.disk_gb >= LEAST_DISK_GB
        return large and self.architecture == ARCHITECTURE and not self.deprecated


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """What the provider sells, as it was at `read_at`."""

    read_at: datetime
    types: tuple[ServerType, ...]

    def named(self, name: str) -> ServerType | None:
        """The type of this name, if it is sold at all."""
        return next((kind for kind in self.types if kind.name == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A type that can be had now, with the locations where, for the page and the CLI."""

    type: ServerType
    offers: tuple[Offer, ...]
    recommended: bool


def _sold(market: Market, limits: Limits, wish: Wish) -> Iterator[tuple[ServerType, Offer]]:
    """Every allowed type in every allowed location that sells it, in the operator's order, types first."""
    names = limits.types if wish.server_type is None else (wish.server_type,)
    places = limits.locations if wish.location is None else (wish.location,)
    for name in names:
        kind = market.named(name)
        if kind is None or not kind.fits:
            continue
        offers = {offer.location: offer for offer in kind.offers}
        yield from ((kind, offers[place]) for place in places if place in offers)


def candidates(market: Market, limits: Limits, wish: Wish, refused: Collection[str]) -> tuple[Choice, ...]:
    """What may be bought for a wish, in the order in which it is tried.

    A named type is never replaced: it is tried in every allowed location that sells it. A named location is never
    replaced. Only an unnamed type falls back along the operator's list. `refused` holds `type@location` keys.
    """
    choices = (
        Choice(server_type=kind.name, location=offer.location, hourly=offer.hourly)
        for kind, offer in _sold(market, limits, wish)
        if offer.available
    )
    return tuple(choice for choice in choices if choice.key not in refused)


def check_wish(market: Market, limits: Limits, wish: Wish) -> None:
    """Raise InvalidInput for a type or location that this service does not sell, in stock or not."""
    fields: dict[str, str] = {}
    if wish.server_type is not None and not _is_sold(market, limits, wish.server_type):
        fields["server_type"] = f"This service does not offer that type. It offers: {', '.join(limits.types)}."
    if wish.location is not None and wish.location not in limits.locations:
        fields["location"] = f"This service does not use that location. It uses: {', '.join(limits.locations)}."
    if not fields and wish.server_type and wish.location and not any(_sold(market, limits, wish)):
        fields["location"] = f"{wish.server_type} is not sold in {wish.location}."
    if fields:
        raise InvalidInput(fields)


def _is_sold(market: Market, limits: Limits, name: str) -> bool:
    return name in limits.types and any(_sold(market, limits, Wish(hours=1, server_type=name)))


def listings(market: Market, limits: Limits, refused: Collection[str]) -> tuple[Listing, ...]:
    """What can be had now, in the operator's order; the first is the recommended one."""
    found: list[Listing] = []
    for name in limits.types:
        choices = candidates(market, limits, Wish(hours=1, server_type=name), refused)
        kind = market.named(name)
        if kind is None or not choices:
            continue
        places = {choice.location for choice in choices}
        offers = tuple(offer for offer in kind.offers if offer.location in places)
        found.append(Listing(type=kind, offers=offers, recommended=not found))
    return tuple(found)


def dearest(choices: Collection[Choice]) -> Decimal:
    """The highest hourly price among choices: what must be set aside before it is known which one it will be."""
    return max((choice.hourly for choice in choices), default=Decimal(0))

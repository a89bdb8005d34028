"""Hetzner's types, prices and stock, read into a Market: gross euros with the IPv4 address in them.

What cannot be bought is left out: a location whose price is not known or whose deprecation is over. A type that is not
understood is left out too, with a warning, so that one odd entry does not hide the others; if none is understood, the
answer is not (`ProviderUnknown`). It knows nothing of requests, nor of what this service sells.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from chalicelib.adapters.hetzner_servers.errors import nonsense
from chalicelib.adapters.hetzner_servers.facts import mapping, moment, text
from chalicelib.domain.catalogue import Market, Offer, ServerType
from chalicelib.domain.errors import ProviderUnknown

_log = logging.getLogger(__name__)

CURRENCY = "EUR"
_BEYOND = 10**9
"""No price, size or count comes near."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Price:
    """Gross euros per started hour and per month."""

    hourly: Decimal
    monthly: Decimal

    def __add__(self, other: _Price) -> _Price:
        return _Price(hourly=self.hourly + other.hourly, monthly=self.monthly + other.monthly)


def read_market(types: Iterable[Any], pricing: Any, now: datetime) -> Market:
    """The market at `now`; `types` are the entries of `/server_types`, `pricing` is the object of `/pricing`."""
    ipv4 = _ipv4_prices(pricing)
    entries = list(types)
    kinds = tuple(kind for entry in entries if (kind := _server_type(entry, ipv4, now)) is not None)
    if not kinds:
        raise nonsense(f"none of {len(entries)} server types is understood")
    return Market(read_at=now, types=kinds)


def _ipv4_prices(pricing: Any) -> dict[str, _Price]:
    """The price of an IPv4 address by location."""
    known = mapping(pricing, "pricing")
    if known.get("currency") != CURRENCY:
        raise nonsense(f"pricing.currency is not {CURRENCY}")
    for entry in _entries(known.get("primary_ips"), "pricing.primary_ips"):
        if entry.get("type") == "ipv4":
            return _prices(entry.get("prices"), "pricing.primary_ips.prices")
    raise nonsense("pricing.primary_ips has no ipv4")


def _server_type(raw: Any, ipv4: Mapping[str, _Price], now: datetime) -> ServerType | None:
    try:
        entry = mapping(raw, "server_type")
        offers = tuple(_offers(entry, ipv4, now))
        return ServerType(
            name=text(entry.get("name"), "server_type.name"),
            cores=int(_number(entry.get("cores"), "server_type.cores")),
            memory_gb=_number(entry.get("memory"), "server_type.memory"),
            disk_gb=int(_number(entry.get("disk"), "server_type.disk")),
            architecture=text(entry.get("architecture"), "server_type.architecture"),
            deprecated=not offers or _is_over(entry.get("deprecation"), now),
            offers=offers,
        )
    except ProviderUnknown as error:
        _log.warning("market.type_not_understood", extra={"part": error.data["part"]})
        return None


def _offers(entry: Mapping[str, Any], ipv4: Mapping[str, _Price], now: datetime) -> Iterator[Offer]:
    prices = _prices(entry.get("prices"), "server_type.prices")
    for place in _entries(entry.get("locations"), "server_type.locations"):
        name = text(place.get("name"), "server_type.locations.name")
        if name not in prices or name not in ipv4 or _is_over(place.get("deprecation"), now):
            continue
        whole = prices[name] + ipv4[name]
        yield Offer(location=name, hourly=whole.hourly, monthly=whole.monthly, available=place.get("available") is True)


def _is_over(deprecation: Any, now: datetime) -> bool:
    """Whether an announced deprecation has come to its end: the thing cannot be bought any more."""
    if deprecation is None:
        return False
    return moment(mapping(deprecation, "deprecation").get("unavailable_after"), "unavailable_after") <= now


def _prices(raw: Any, what: str) -> dict[str, _Price]:
    return {
        text(entry.get("location"), f"{what}.location"): _Price(
            hourly=_gross(entry.get("price_hourly"), f"{what}.price_hourly"),
            monthly=_gross(entry.get("price_monthly"), f"{what}.price_monthly"),
        )
        for entry in _entries(raw, what)
    }


def _gross(raw: Any, what: str) -> Decimal:
    return _number(mapping(raw, what).get("gross"), f"{what}.gross")


def _number(raw: Any, what: str) -> Decimal:
    """A JSON number or a decimal in a text; neither negative nor beyond reason nor a boolean."""
    if isinstance(raw, bool) or not isinstance(raw, int | float | str):
        raise nonsense(f"{what} is not a number")
    try:
        number = Decimal(str(raw))
    except InvalidOperation as error:
        raise nonsense(f"{what} is not a number") from error
    if not number.is_finite() or not 0 <= number < _BEYOND:
        raise nonsense(f"{what} is not an amount")
    return number


def _entries(raw: Any, what: str) -> list[Mapping[str, Any]]:
    if not isinstance(raw, list):
        raise nonsense(f"{what} is not a list")
    return [mapping(entry, what) for entry in raw]

"""How Hetzner's types, prices and stock become a market."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.adapters.hetzner_servers.market import read_market
from chalicelib.domain.catalogue import Offer, ServerType
from chalicelib.domain.errors import ProviderUnknown
from tests.unit.adapters.hetzner_stub import Say
from tests.unit.adapters.hetzner_world import adapter, listing

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
PAST = {"announced": "2026-01-01T00:00:00Z", "unavailable_after": "2026-11-01T12:00:00Z"}
AHEAD = {"announced": "2026-01-01T00:00:00Z", "unavailable_after": "2026-11-01T12:00:01Z"}


def price(location: str, hourly: str, monthly: str) -> dict[str, Any]:
    """A price as Hetzner writes it; its net half is a trap."""
    return {
        "location": location,
        "price_hourly": {"net": "0.0001", "gross": hourly},
        "price_monthly": {"net": "0.01", "gross": monthly},
    }


def place(name: str, **changes: Any) -> dict[str, Any]:
    """A location of a type."""
    return {"id": 2, "name": name, "available": True, "recommended": False, "deprecation": None, **changes}


def kind(**changes: Any) -> dict[str, Any]:
    """A server type as Hetzner shows it, as far as anybody looks."""
    return {
        "id": 114,
        "name": "cpx22",
        "cores": 2,
        "memory": 4.0,
        "disk": 80,
        "architecture": "x86",
        "deprecated": False,
        "deprecation": None,
        "prices": [price("nbg1", "0.0372000000000000", "23.1931000000000000"), price("ash", "0.1", "50")],
        "locations": [place("nbg1"), place("ash", available=False)],
        **changes,
    }


def pricing(**changes: Any) -> dict[str, Any]:
    """The object of `/pricing`."""
    return {
        "currency": "EUR",
        "vat_rate": "19.00",
        "primary_ips": [
            {"type": "ipv6", "prices": [price("nbg1", "9", "9"), price("ash", "9", "9")]},
            {"type": "ipv4", "prices": [price("nbg1", "0.0009520000000000", "0.595"), price("ash", "0.001", "0.5")]},
        ],
        **changes,
    }


def test_a_price_is_gross_exact_and_with_the_address() -> None:
    """Euros per started hour and per month are sums of decimals, and stock is what the location says."""
    assert read_market([kind()], pricing(), NOW).types == (
        ServerType(
            name="cpx22",
            cores=2,
            memory_gb=Decimal(4),
            disk_gb=80,
            architecture="x86",
            deprecated=False,
            offers=(
                Offer(location="nbg1", hourly=Decimal("0.038152"), monthly=Decimal("23.7881"), available=True),
                Offer(location="ash", hourly=Decimal("0.101"), monthly=Decimal("50.5"), available=False),
            ),
        ),
    )


def test_the_market_is_read_with_a_request_a_page_and_one_for_prices() -> None:
    """Two pages of types and the prices are three requests, and the market is dated with the caller's now."""
    with adapter() as (servers, stub):
        stub.says(
            listing("server_types", kind(), next_page=2),
            listing("server_types", kind(name="cpx32")),
            Say(body={"pricing": pricing()}),
        )
        market = servers.market(NOW)
        assert [heard.path.partition("?")[0] for heard in stub.heard] == [
            "/v1/server_types",
            "/v1/server_types",
            "/v1/pricing",
        ]
    assert market.read_at == NOW
    assert [each.name for each in market.types] == ["cpx22", "cpx32"]


@pytest.mark.parametrize(
    ("deprecation", "places"), [(PAST, ["ash"]), (AHEAD, ["nbg1", "ash"]), (None, ["nbg1", "ash"])]
)
def test_a_location_is_left_out_when_its_deprecation_is_over(deprecation: Any, places: list[str]) -> None:
    """An announcement alone takes nothing away; the end of it does, to the second."""
    raw = kind(locations=[place("nbg1", deprecation=deprecation), place("ash")])
    (found,) = read_market([raw], pricing(), NOW).types
    assert [offer.location for offer in found.offers] == places
    assert not found.deprecated


@pytest.mark.parametrize(
    "changes",
    [{"deprecation": PAST}, {"locations": [place("nbg1", deprecation=PAST)]}, {"locations": []}],
)
def test_a_type_that_nobody_can_buy_any_more_is_deprecated(changes: dict[str, Any]) -> None:
    """Its own deprecation is over, or that of all its locations."""
    (found,) = read_market([kind(**changes)], pricing(), NOW).types
    assert found.deprecated


@pytest.mark.parametrize("available", [False, None, "true", 1])
def test_only_a_plain_yes_is_in_stock(available: Any) -> None:
    """Whatever else stands in the place of `available` is no stock."""
    (found,) = read_market([kind(locations=[place("nbg1", available=available)])], pricing(), NOW).types
    assert [offer.available for offer in found.offers] == [False]


def test_without_a_price_there_is_no_offer() -> None:
    """A location whose server or address has no price is not sold."""
    raw = kind(locations=[place("nbg1"), place("hel1")])
    addresses = pricing(primary_ips=[{"type": "ipv4", "prices": [price("hel1", "1", "1")]}])
    (found,) = read_market([raw], addresses, NOW).types
    assert found.offers == ()


@pytest.mark.parametrize(
    "raw",
    [
        None,
        kind(name=None),
        kind(memory=None),
        kind(cores=True),
        kind(disk="NaN"),
        kind(architecture=None),
        kind(locations=None),
        kind(prices={}),
        kind(prices=[price("nbg1", "-1", "1")]),
        kind(prices=[price("nbg1", "Infinity", "1")]),
        kind(prices=[price("nbg1", "1e99", "1")]),
        kind(prices=[price("nbg1", "free", "1")]),
        kind(prices=[{"location": "nbg1"}]),
        kind(locations=[place("nbg1", deprecation={"unavailable_after": "soon"})]),
    ],
)
def test_a_type_that_is_not_understood_hides_no_other(raw: Any, caplog: pytest.LogCaptureFixture) -> None:
    """It is left out with a warning that says why; where no type is understood, the answer is not."""
    with caplog.at_level(logging.WARNING):
        assert [each.name for each in read_market([raw, kind(name="cpx32")], pricing(), NOW).types] == ["cpx32"]
    assert [record.message for record in caplog.records] == ["market.type_not_understood"]
    with pytest.raises(ProviderUnknown):
        read_market([raw], pricing(), NOW)


@pytest.mark.parametrize(
    "odd",
    [
        None,
        pricing(currency="USD"),
        pricing(primary_ips=None),
        pricing(primary_ips=[]),
        pricing(primary_ips=[{"type": "ipv4", "prices": [{"location": "nbg1"}]}]),
    ],
)
def test_prices_that_are_not_understood_make_no_market(odd: Any) -> None:
    """Nothing is offered at a guessed price or in another currency."""
    with pytest.raises(ProviderUnknown):
        read_market([kind()], odd, NOW)

"""The list of types: what can be had now, with prices as text."""

from __future__ import annotations

from decimal import Decimal

import pytest

from chalicelib.api.catalogue import _euros
from tests.unit.api.world import Api, make_api


def test_types_are_for_anyone(api: Api) -> None:
    """Without a token the list shows what is in stock, in the operator's order, the first recommended."""
    answer = api.call("GET", "/types", token=None)
    types = answer.json["types"]
    assert (answer.status, [each["name"] for each in types]) == (200, ["cpx22", "cpx32", "cpx11"])
    assert [each["recommended"] for each in types] == [True, False, False]
    assert answer.json["read_at"] == "2026-11-23T10:00:00Z"


def test_a_type_has_its_prices_by_location(api: Api) -> None:
    """A type's price is that of its first location, and every location has its own."""
    first = api.call("GET", "/types").json["types"][0]
    assert (first["price_hourly_eur"], first["price_monthly_eur"]) == ("0.0381", "23.79")
    assert first["locations"] == [offer["location"] for offer in first["offers"]] == ["nbg1", "hel1"]


def test_little_memory_is_said(api: Api) -> None:
    """Line 84: a small type is offered with a warning."""
    notes = {each["name"]: each["note"] for each in api.call("GET", "/types").json["types"]}
    assert notes["cpx22"] is None
    assert "memory" in notes["cpx11"]


def test_before_the_market_is_read_it_is_503() -> None:
    """Until the tick has read the market, there is no list to show."""
    assert make_api(founded=False).call("GET", "/types").status == 503


@pytest.mark.parametrize(
    ("amount", "text"),
    [("0.0381", "0.0381"), ("0.0120", "0.012"), ("23.7", "23.70"), ("5", "5.00"), ("1E+1", "10.00"), ("0.10", "0.10")],
)
def test_prices_are_plain_text(amount: str, text: str) -> None:
    """A price has at least two places, no superfluous ones and no exponent."""
    assert _euros(Decimal(amount)) == text

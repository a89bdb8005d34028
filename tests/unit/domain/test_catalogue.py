"""What may be bought for a wish, in which order, and how a wish is refused."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from chalicelib.domain.catalogue import Market, candidates, check_wish, dearest, listings
from chalicelib.domain.errors import InvalidInput
from chalicelib.domain.instance import Choice, Wish
from tests.unit.domain.samples import LIMITS, a_market, a_type, an_offer

MARKET = a_market(
    # in another order than the operator's list, on purpose
    a_type("cpx32", an_offer("nbg1", "0.0686"), an_offer("hel1", "0.0686")),
    a_type("cx23", an_offer("nbg1", "0.0105", available=False), an_offer("hel1", "0.0105")),
    a_type("cpx22", an_offer("hel1"), an_offer("nbg1")),
    a_type("cpx11", an_offer("ash", "0.0120")),
)


def keys(market: Market, wish: Wish, *refused: str) -> list[str]:
    """What is tried for a wish, as `type@location`."""
    return [choice.key for choice in candidates(market, LIMITS, wish, refused)]


def test_without_a_name_the_operators_order_decides() -> None:
    """Types come in the operator's order, and within a type the locations in theirs."""
    assert keys(MARKET, Wish(hours=1)) == [
        "cx23@hel1",
        "cpx22@nbg1",
        "cpx22@hel1",
        "cpx32@nbg1",
        "cpx32@hel1",
        "cpx11@ash",
    ]


def test_a_named_type_is_never_replaced() -> None:
    """A named type is tried in every allowed location that sells it, and nothing else is."""
    assert keys(MARKET, Wish(hours=1, server_type="cpx22")) == ["cpx22@nbg1", "cpx22@hel1"]
    assert keys(MARKET, Wish(hours=1, server_type="cpx11")) == ["cpx11@ash"]


def test_a_named_location_is_never_replaced() -> None:
    """A named location is the only one tried, for whichever type."""
    assert keys(MARKET, Wish(hours=1, location="hel1")) == ["cx23@hel1", "cpx22@hel1", "cpx32@hel1"]
    assert keys(MARKET, Wish(hours=1, server_type="cx23", location="nbg1")) == []


def test_what_was_refused_is_passed_over() -> None:
    """A remembered refusal takes one type in one location out, not the type."""
    assert keys(MARKET, Wish(hours=1, server_type="cpx22"), "cpx22@nbg1") == ["cpx22@hel1"]


@pytest.mark.parametrize("change", [{"architecture": "arm"}, {"deprecated": True}])
def test_what_the_image_cannot_run_on_is_not_sold(change: dict[str, object]) -> None:
    """Another architecture and deprecated types are not bought, even when named."""
    market = a_market(replace(a_type("cpx22", an_offer("nbg1")), **change))  # type: ignore[arg-type]  # a table of fields
    assert keys(market, Wish(hours=1, server_type="cpx22")) == []
    with pytest.raises(InvalidInput):
        check_wish(market, LIMITS, Wish(hours=1, server_type="cpx22"))


@pytest.mark.parametrize("change", [{"memory_gb": Decimal("1.9")}, {"disk_gb": 19}])
def test_b21_what_is_too_small_is_neither_listed_nor_bought(change: dict[str, object]) -> None:
    """A type below the least memory or disk is passed over for the next, and refused when it is named (row B21)."""
    small = replace(a_type("cx23", an_offer("nbg1")), **change)  # type: ignore[arg-type]  # a table of fields
    market = a_market(small, a_type("cpx22", an_offer("nbg1")))
    assert keys(market, Wish(hours=1)) == ["cpx22@nbg1"]
    assert [each.type.name for each in listings(market, LIMITS, ())] == ["cpx22"]
    assert keys(market, Wish(hours=1, server_type="cx23")) == []
    with pytest.raises(InvalidInput):
        check_wish(market, LIMITS, Wish(hours=1, server_type="cx23"))


def test_b21_what_is_just_large_enough_is_sold() -> None:
    """2 GB of memory and 20 GB of disk are the least, and enough (row B21)."""
    market = a_market(a_type("cx23", an_offer("nbg1"), memory_gb=Decimal(2), disk_gb=20))
    assert keys(market, Wish(hours=1)) == ["cx23@nbg1"]


def test_places_that_the_operator_does_not_allow_are_passed_over() -> None:
    """An offer outside the operator's locations is no candidate."""
    assert keys(a_market(a_type("cpx22", an_offer("sin"))), Wish(hours=1)) == []


def test_a_choice_pins_the_price() -> None:
    """The price of the location that is chosen goes with the choice."""
    found = candidates(MARKET, LIMITS, Wish(hours=1, server_type="cpx11"), ())
    assert found == (Choice(server_type="cpx11", location="ash", hourly=Decimal("0.0120")),)


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        (Wish(hours=1, server_type="cx99"), "server_type"),
        (Wish(hours=1, server_type="ccx13"), "server_type"),
        (Wish(hours=1, location="sin"), "location"),
        (Wish(hours=1, server_type="cpx11", location="nbg1"), "location"),
    ],
)
def test_a_wish_for_what_is_not_sold_names_the_field(wish: Wish, field: str) -> None:
    """An unknown type, an unlisted one, an unlisted place, and a type that is not sold there are the caller's error."""
    with pytest.raises(InvalidInput) as caught:
        check_wish(a_market(*MARKET.types, a_type("ccx13", an_offer("nbg1"))), LIMITS, wish)
    assert set(caught.value.fields) == {field}


@pytest.mark.parametrize(
    "wish", [Wish(hours=1), Wish(hours=1, server_type="cx23", location="nbg1"), Wish(hours=1, location="ash")]
)
def test_being_sold_out_is_no_error_of_the_caller(wish: Wish) -> None:
    """A wish for what this service sells passes, in stock or not."""
    check_wish(MARKET, LIMITS, wish)


def test_the_list_shows_what_can_be_had_now() -> None:
    """A listing holds types in the operator's order with the places in stock; the first is recommended."""
    found = listings(MARKET, LIMITS, {"cx23@hel1", "cpx32@nbg1"})
    shown = [(each.type.name, [offer.location for offer in each.offers], each.recommended) for each in found]
    assert shown == [("cpx22", ["hel1", "nbg1"], True), ("cpx32", ["hel1"], False), ("cpx11", ["ash"], False)]


def test_the_dearest_choice_is_what_must_be_set_aside() -> None:
    """The dearest of all that may be bought; nothing for nothing."""
    assert dearest(candidates(MARKET, LIMITS, Wish(hours=1), ())) == Decimal("0.0686")
    assert dearest(()) == 0

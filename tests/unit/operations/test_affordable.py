"""What may be bought now, what it would reserve, and whether there is room: questions that change nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.domain.errors import InvalidInput, LimitReached, OutOfStock, Paused, StoreUnavailable
from chalicelib.domain.instance import Hold, Wish
from chalicelib.domain.limits import CREATES, Rounding
from chalicelib.operations.affordable import affordable, check_room, in_stock, reservation
from tests.unit.domain.samples import HOUR, TEN
from tests.unit.operations.world import World


def test_a_wish_without_names_may_become_any_type_in_order() -> None:
    """What the operator allows and the market has, each in the order of the settings."""
    choices = affordable(World().services, Wish(hours=1), TEN)
    assert [choice.key for choice in choices] == ["cpx22@nbg1", "cpx22@hel1", "cpx32@nbg1", "cpx11@ash"]


def test_a_wish_with_names_is_never_replaced() -> None:
    """A named type in a named location is that, or nothing."""
    world = World()
    assert [each.key for each in in_stock(world.services, Wish(hours=1, server_type="cpx22"), TEN)] == [
        "cpx22@nbg1",
        "cpx22@hel1",
    ]
    with pytest.raises(OutOfStock, match="cx23 in nbg1"):
        affordable(world.services, Wish(hours=1, server_type="cx23", location="nbg1"), TEN)


def test_a_refusal_is_remembered_for_its_time() -> None:
    """What the provider refused a short while ago is not offered, and then it is again."""
    world = World()
    world.services.catalogue.refuse("cpx11@ash", TEN + HOUR)
    wish = Wish(hours=1, server_type="cpx11")
    assert in_stock(world.services, wish, TEN) == ()
    assert [each.key for each in in_stock(world.services, wish, TEN + HOUR)] == ["cpx11@ash"]


@pytest.mark.parametrize(("rounding", "hours"), [(Rounding.UP, 4), (Rounding.DOWN, 2)])
def test_the_dearest_choice_for_the_most_hours_is_set_aside(rounding: Rounding, hours: int) -> None:
    """Two hours are billed as at most so many, at the price of the dearest that it may become."""
    world = World(rounding=rounding)
    wish = Wish(hours=2)
    choices = affordable(world.services, wish, TEN)
    assert reservation(world.services, wish, choices, TEN) == Hold(month="202611", micro_eur=hours * 68_600)


def test_a_named_type_is_set_aside_at_its_own_price() -> None:
    """Nothing is reserved for types that were not asked for."""
    world = World()
    wish = Wish(hours=1, server_type="cpx22")
    assert reservation(world.services, wish, affordable(world.services, wish, TEN), TEN) == Hold(
        month="202611", micro_eur=3 * 38_100
    )


@pytest.mark.parametrize(("room", "fits"), [(3 * 68_600, True), (3 * 68_600 - 1, False)])
def test_the_last_cent_may_be_reserved(room: int, fits: bool) -> None:
    """What fills the cap exactly fits, one millionth more does not."""
    world = World(max_monthly_eur=Decimal(room) / 1_000_000)
    wanted = Hold(month="202611", micro_eur=3 * 68_600)
    if fits:
        check_room(world.services, wanted)
        return
    with pytest.raises(LimitReached) as caught:
        check_room(world.services, wanted)
    assert caught.value.data == {"limit": "spend", "left": 0}


def test_the_last_place_is_taken_by_whoever_writes() -> None:
    """With one machine of two there is room, with two of two there is none; the look itself takes nothing."""
    world = World(max_live=2)
    wanted = Hold(month="202611", micro_eur=1)
    world.order()
    check_room(world.services, wanted)
    check_room(world.services, wanted)
    world.order()
    with pytest.raises(LimitReached) as caught:
        check_room(world.services, wanted)
    assert caught.value.data["limit"] == "live"


def test_money_of_another_month_does_not_count() -> None:
    """December's order is not held up by what November has spent."""
    world = World(max_monthly_eur=Decimal("0.3"))
    world.order()
    with pytest.raises(LimitReached):
        check_room(world.services, Hold(month="202611", micro_eur=200_000))
    check_room(world.services, Hold(month="202612", micro_eur=200_000))


@pytest.mark.parametrize("hours", [-1, 0, 73])
def test_hours_beyond_the_operators_are_the_callers_error(hours: int) -> None:
    """From 1 to the operator's most."""
    with pytest.raises(InvalidInput) as caught:
        affordable(World().services, Wish(hours=hours), TEN)
    assert set(caught.value.fields) == {"hours"}


def test_what_stands_in_the_way_is_told_and_changes_nothing() -> None:
    """A pause, an unread market and used-up creations each have their error; the table is as it was."""
    world = World(max_creates_per_hour=1)
    world.services.instances.add(CREATES.key(TEN), 1, cap=None, expires_at=None)
    before = world.table.contents()
    _refused(world, LimitReached)
    assert world.table.contents() == before
    affordable(world.services, Wish(hours=1), TEN + timedelta(minutes=70))
    world.services.stack.write(replace(world.stack, paused=True), world.stack)
    _refused(world, Paused)
    world.services.stack.write(replace(world.stack, paused=False), world.stack)
    world.table.delete("catalogue")
    _refused(world, StoreUnavailable)


def _refused(world: World, error: Any) -> None:
    with pytest.raises(error):
        affordable(world.services, Wish(hours=1), TEN)

"""Order an instance: what is checked, reserved and written, and what a repeat gives."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.domain.errors import (
    InvalidInput,
    KeyReused,
    LimitReached,
    OutOfStock,
    Paused,
    StoreUnavailable,
)
from chalicelib.domain.instance import Status
from chalicelib.domain.limits import CREATES
from chalicelib.operations import authorise
from tests.unit.domain.samples import HOUR, MINUTE, TEN
from tests.unit.operations.between import Between
from tests.unit.operations.world import World


def test_an_order_is_a_row_a_reservation_and_a_nudge() -> None:
    """The row is `requested` and due now, the dearest choice for 3 h is set aside, and nothing else has happened."""
    world = World()
    ordered = world.order(1)
    row = world.row(ordered.instance.id)
    assert row == ordered.instance
    assert (row.status, row.due_at, row.requested_at, row.by_operator) == (Status.REQUESTED, TEN, TEN, True)
    assert (world.spend, world.live) == (3 * 68_600, 1)
    assert world.nudge.waiting == [("advance", row.id)]
    assert world.requests() == []
    assert world.mails() == []


def test_the_manage_token_opens_the_instance() -> None:
    """The token in the answer is the one that the instance is managed with."""
    world = World()
    ordered = world.order()
    assert authorise.owner(world.services, ordered.instance.id, token=ordered.manage_token) == ordered.instance
    assert not ordered.replayed


def test_the_row_keeps_the_key_line_and_no_address_in_its_owner() -> None:
    """The key's comment is our name for the machine, and the owner is a digest."""
    world = World()
    row = world.order().instance
    assert row.ssh_public_key.endswith(f" {row.name}")
    assert "example" not in row.owner


def test_p6_the_same_key_and_body_is_one_instance_and_one_answer() -> None:
    """A repeat gives the same row and token, and reserves nothing again (row P6)."""
    world = World()
    first, second = world.order(key="k"), world.order(key="k")
    assert (second.instance, second.manage_token) == (first.instance, first.manage_token)
    assert (first.replayed, second.replayed) == (False, True)
    assert (world.spend, world.live) == (3 * 68_600, 1)


def test_p1_a_repeat_is_answered_whatever_stands_in_the_way_of_a_new_order() -> None:
    """A pause, an empty market or a full service do not change the answer to what was ordered before."""
    world = World(max_live=1)
    first = world.order(key="k")
    world.services.stack.write(replace(world.stack, paused=True), world.stack)
    assert world.order(key="k").instance == first.instance


def test_the_same_key_with_another_body_is_refused() -> None:
    """An Idempotency-Key stands for one request."""
    world = World()
    world.order(key="k")
    with pytest.raises(KeyReused):
        world.order(key="k", body="another")


def test_another_key_or_none_is_another_instance() -> None:
    """Without a key, and with another one, every order is its own."""
    world = World()
    ids = {world.order(key=key).instance.id for key in ("k", "l", None, None)}
    assert len(ids) == 4


def test_i9_two_at_once_with_one_key_are_one_instance() -> None:
    """Whoever is second at the table gets the first one's row (invariant 9)."""
    world = World()
    instances: Any = Between(world.services.instances, "write", lambda: world.order(key="k"))
    racing = replace(world.services, instances=instances)
    plain, world.services = world.services, racing
    second = world.order(key="k")
    world.services = plain
    assert second.replayed
    assert (world.spend, world.live) == (3 * 68_600, 1)


def test_p3_a_lost_reply_to_our_own_write_is_a_success() -> None:
    """The row was written and the reply was lost: it is recognised, and ordered once (row P3)."""
    world = World()
    world.table.lose_next_reply()
    row = world.order().instance
    assert world.row(row.id) == row
    assert world.live == 1


@pytest.mark.parametrize("hours", [-1, 0, 73])
def test_hours_out_of_bounds_are_refused(hours: int) -> None:
    """From 1 to the operator's most, and nothing else."""
    world = World()
    with pytest.raises(InvalidInput) as caught:
        world.order(hours)
    assert set(caught.value.fields) == {"hours"}
    assert (world.spend, world.live) == (0, 0)


def test_rule_25_a_paused_service_takes_no_order() -> None:
    """The operator's switch stops new instances at once (rule R25)."""
    world = World()
    world.services.stack.write(replace(world.stack, paused=True), world.stack)
    with pytest.raises(Paused):
        world.order()


def test_without_a_market_nothing_is_sold() -> None:
    """Before the list of types has been read an order is told to come back."""
    world = World()
    world.table.delete("catalogue")
    with pytest.raises(StoreUnavailable):
        world.order()


def test_a_type_that_is_not_offered_is_the_callers_error() -> None:
    """A type outside the operator's list names the field."""
    with pytest.raises(InvalidInput) as caught:
        World().order(server_type="ccx63")
    assert set(caught.value.fields) == {"server_type"}


@pytest.mark.parametrize("wish", [{"server_type": "cx23"}, {"server_type": "cpx22", "location": "nbg1"}])
def test_what_is_sold_out_is_refused_before_anything_is_reserved(wish: dict[str, Any]) -> None:
    """The market says no (cx23), or a refusal is remembered (cpx22 in nbg1)."""
    world = World()
    world.services.catalogue.refuse("cpx22@nbg1", TEN.replace(hour=11))
    with pytest.raises(OutOfStock):
        world.order(**wish)
    assert (world.spend, world.live) == (0, 0)


def test_a_named_type_reserves_its_own_price() -> None:
    """With a type named, the dearest is that type."""
    world = World()
    world.order(2, server_type="cpx22")
    assert world.spend == 4 * 38_100


@pytest.mark.parametrize(
    ("limits", "limit"),
    [
        ({"max_live": 1}, "live"),
        ({"max_monthly_eur": Decimal("0.30")}, "spend"),
        ({"max_creates_per_hour": 0}, "creates"),
    ],
)
def test_p24_a_full_counter_refuses_and_changes_nothing(limits: dict[str, Any], limit: str) -> None:
    """The cap on live instances, on money and on creations each refuse with their name (row P24)."""
    world = World(**limits)
    if limit != "creates":
        world.order(key="fits")
    before = (world.spend, world.live)
    with pytest.raises(LimitReached) as caught:
        world.order(key="too much")
    assert caught.value.data["limit"] == limit
    assert (world.spend, world.live) == before


def test_creations_count_for_an_hour_wherever_it_begins() -> None:
    """The full hour of the clock changes nothing; what was made an hour ago does not stand in the way for ever."""
    world = World(max_creates_per_hour=1)
    world.services.instances.add(CREATES.key(TEN), 1, cap=None, expires_at=None)
    with pytest.raises(LimitReached):
        world.order()
    world.clock.advance(HOUR)
    with pytest.raises(LimitReached):
        world.order()
    world.clock.advance(10 * MINUTE)
    assert world.order().instance.status is Status.REQUESTED

"""Rows P1 to P6, P23 and P24 of the fault matrix: an order is one row, counted once, on money that suffices."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from chalicelib.domain import budget
from chalicelib.domain.build import Cause
from chalicelib.domain.instance import Status
from tests.faults.dying import killed_at
from tests.simulation.crashing import Fate, Killed
from tests.unit.domain.samples import MINUTE
from tests.unit.operations.between import Between, meeting
from tests.unit.operations.world import World


def rows_of(world: World) -> list[str]:
    """The keys of all rows in the table."""
    return [key for key in world.table.contents() if key.startswith("instance#")]


def test_p01_an_order_that_died_before_anything_left_nothing_and_can_be_made_again() -> None:
    """Killed before its first effect: no row, no money, nobody live; the same key then makes exactly one (row P1)."""
    world = World()
    killed_at(world, "instances", "write", lambda: world.order(key="k"), after=False)
    assert (rows_of(world), world.live, world.spend) == ([], 0, 0)
    ordered = world.order(key="k")
    assert not ordered.replayed
    assert rows_of(world) == [f"instance#{ordered.instance.id}"]


@pytest.mark.parametrize("after", [False, True], ids=["before the effect", "after the effect"])
def test_p02_p03_p04_wherever_an_order_dies_the_same_key_is_one_row_counted_once(after: bool) -> None:
    """At every call of every port: row, quota and money are there together or not at all, and the retry is the same."""
    for nth in count(1):
        world = World()
        fate, plain = Fate(nth, after=after), world.services
        world.services = fate.wrapped(plain)
        try:
            world.order(key="k")
        except Killed:
            world.nudge.take()
        world.services = plain
        made = len(rows_of(world))
        assert (world.live, world.spend > 0) == (made, made == 1)
        again, third = world.order(key="k"), world.order(key="k")
        assert again.instance.id == third.instance.id
        assert again.manage_token == third.manage_token
        assert len(rows_of(world)) == world.live == 1
        assert world.spend == budget.held(again.instance.holds)
        if fate.struck is None:
            break
    assert nth > 4


@pytest.mark.parametrize("lose_nudge", [False, True])
def test_p05_an_order_whose_worker_never_came_is_begun_by_the_next_tick(lose_nudge: bool) -> None:
    """The row is there and nobody works on it: a minute later a tick does (row P5)."""
    world = World()
    world.nudge.deaf = lose_nudge
    row = world.order().instance
    world.nudge.take()
    assert world.row(row.id).status is Status.REQUESTED
    world.wait(MINUTE)
    if lose_nudge:  # the builder's own question reaches nobody either, until the next tick
        assert (world.row(row.id).status, len(world.installer.started)) == (Status.REQUESTED, 1)
        world.wait(MINUTE)
    assert world.row(row.id).status is Status.INSTALLING


def test_p06_a_client_that_saw_no_answer_asks_again_and_has_the_same_machine() -> None:
    """The order was taken and its reply lost: the same key is answered with the same id while it is built (row P6)."""
    world = World()
    first = world.order(key="k").instance.id
    world.follow_nudges()
    again = world.order(key="k")
    assert (again.replayed, again.instance.id) == (True, first)
    assert world.requests() == ["create"]


def test_p23_what_became_dearer_between_form_and_create_is_not_bought() -> None:
    """The price rises after the order: nothing is bought on the money that was set aside for less (row P23)."""
    world = World()
    row = world.order(server_type="cpx22", location="nbg1").instance
    market = world.services.catalogue.market()
    assert market is not None
    dearer = tuple(
        replace(kind, offers=tuple(replace(offer, hourly=offer.hourly * 9) for offer in kind.offers))
        for kind in market.types
    )
    world.services.catalogue.keep(replace(market, types=dearer))
    world.follow_nudges()
    failed = world.settle(row.id, Status.FAILED)
    assert failed.failure is not None
    assert failed.failure.code == Cause.STOCK
    assert "create" not in world.requests()


def test_p24_the_last_money_is_given_to_one_of_two_orders() -> None:
    """Both look and see room, one reserves: the other's write is refused whole, and the cap is kept (row P24)."""
    world = World()
    one = budget.held(world.order(key="measure").instance.holds)
    world = World(max_monthly_eur=budget.euros(one + one // 2))
    plain = world.services
    instances: Any = Between(plain.instances, "write", lambda: _order_by(world, plain))
    refused: list[str] = []
    with meeting(world, instances=instances):
        try:
            world.order(key="second")
        except Exception as error:  # noqa: BLE001 -- whichever refusal it is, its limit is what is looked at
            refused.append(str(getattr(error, "data", {}).get("limit")))
    assert refused == ["spend"]
    assert (world.live, world.spend) == (1, one)


def _order_by(world: World, plain: Any) -> None:
    changed, world.services = world.services, plain
    world.order(key="first")
    world.services = changed

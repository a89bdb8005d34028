"""One instance from its order to its tombstone, with every request, mail and cent counted."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from chalicelib.domain import budget
from chalicelib.domain.instance import EndReason, Status
from chalicelib.domain.limits import Rounding
from chalicelib.domain.notice import State
from chalicelib.operations.deprovision import deprovision
from chalicelib.operations.extend import extend
from tests.unit.domain.samples import HOUR, MINUTE, TEN
from tests.unit.operations.world import World


def test_the_worked_example_with_four_provider_requests() -> None:
    """Created 10:00, running 10:04, 1 h: until 11:55; extended by 2: until 13:55, billed 4 h; 4 provider requests."""
    world = World()
    row = world.running(1)
    assert (row.status, row.running_at) == (Status.RUNNING, TEN + 4 * MINUTE)
    assert row.expires_at == TEN + timedelta(hours=1, minutes=55)
    world.clock.advance(10 * MINUTE)
    extended = extend(world.services, row.id, hours=2, key="k")
    assert extended.instance.expires_at == TEN + timedelta(hours=3, minutes=55)
    world.settle(row.id, Status.DELETED, within=4 * HOUR)
    ended = world.row(row.id)
    assert (ended.ended_at, ended.end_reason) == (TEN + timedelta(hours=3, minutes=55), EndReason.EXPIRED)
    assert world.requests() == ["create", "get", "delete", "get"]
    assert world.servers.project.servers == {}
    assert world.spend == budget.micro(Decimal("0.0381") * 4)
    assert world.live == 0


def test_every_mail_leaves_once() -> None:
    """A life has one mail of each kind: ready, extended, both warnings of the last end, ended."""
    world = World()
    row = world.running(1)
    world.clock.advance(10 * MINUTE)
    end = extend(world.services, row.id, hours=2, key="k").extension.new_expires_at
    world.settle(row.id, Status.DELETED, within=4 * HOUR)
    world.wait(2 * MINUTE)
    at = int(end.timestamp())
    assert world.mails() == ["ready", f"extended-{at}", f"ending-60-{at}", f"ending-10-{at}", "ended"]
    assert {letter.to for letter in world.mailer.sent} == {"name@example.com"}
    assert not [notice for notice in world.row(row.id).notices if notice.state is State.OWED]


def test_with_down_exactly_the_paid_hours_are_given() -> None:
    """With `down` the same order ends at 10:55 and is billed for one hour."""
    world = World(rounding=Rounding.DOWN)
    row = world.running(1)
    assert row.expires_at == TEN + 55 * MINUTE
    world.settle(row.id, Status.DELETED)
    assert world.spend == budget.micro(Decimal("0.0381"))


@pytest.mark.parametrize("lost_nudges", [False, True])
def test_p5_a_lost_nudge_costs_a_minute_and_never_a_server(lost_nudges: bool) -> None:
    """Without any nudge the ticks alone bring an instance from its order to its end (row P5)."""
    world = World()
    world.nudge.deaf = lost_nudges
    row = world.order().instance
    world.follow_nudges()
    world.settle(row.id, Status.INSTALLING, within=2 * MINUTE)
    world.build(row.id)
    world.follow_nudges()
    world.settle(row.id, Status.RUNNING, within=2 * MINUTE)
    deprovision(world.services, row.id)
    world.follow_nudges()
    world.settle(row.id, Status.DELETED, within=2 * MINUTE)
    assert world.servers.project.servers == {}


def test_a_dead_row_is_never_looked_at_again() -> None:
    """After the last mail a tombstone is in no queue, and a tick makes no request for it."""
    world = World()
    row = world.running()
    world.settle(row.id, Status.DELETED)
    world.wait(MINUTE)
    made = world.requests()
    assert world.row(row.id).due_at is None
    world.wait(24 * HOUR)
    assert world.requests() == made


def test_instances_do_not_disturb_each_other() -> None:
    """Of three instances the one that is ended first is gone, and the others run on to their own ends."""
    world = World()
    rows = [world.running(hours) for hours in (1, 2, 3)]
    assert world.live == 3
    deprovision(world.services, rows[1].id)
    world.follow_nudges()
    assert [world.row(row.id).status for row in rows] == [Status.RUNNING, Status.DELETED, Status.RUNNING]
    for row in rows:
        world.settle(row.id, Status.DELETED, within=6 * HOUR)
    assert (world.live, world.servers.project.servers) == (0, {})
    billed = sum(budget.billed(world.row(row.id), world.row(row.id).ended_at or TEN) for row in rows)
    assert world.spend == billed

"""Rows X of the fault matrix that need a crash at an exact point: extending."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import pytest

from chalicelib.domain.errors import CccError, EndingAlready, EndMoved, InvalidInput, LimitReached, NotRunning
from chalicelib.domain.instance import Instance, Status
from chalicelib.operations.advance import advance
from chalicelib.operations.expire_leases import expire_leases
from chalicelib.operations.extend import extend
from tests.fakes.clock import FakeClock
from tests.faults.dying import killed_at
from tests.simulation.crashing import Fate, Killed
from tests.simulation.emulated import EmulatedWorld
from tests.unit.domain.samples import HOUR, MINUTE
from tests.unit.operations.between import Between
from tests.unit.operations.world import World

SECOND = timedelta(seconds=1)


def end_of(row: Instance) -> Any:
    """The end of a machine that runs."""
    assert row.expires_at is not None
    return row.expires_at


def until(world: World, row: Instance, before: timedelta) -> None:
    """Move the clock to so long before a machine's end, with ticks on the way so that its mails have left."""
    while end_of(row) - before - world.clock.now() > 30 * MINUTE:
        world.wait(30 * MINUTE)
    world.clock.advance(end_of(row) - before - world.clock.now())


@pytest.mark.parametrize("after", [False, True], ids=["before the effect", "after the effect"])
def test_x01_wherever_an_extend_dies_its_key_adds_the_hours_once(after: bool) -> None:
    """Killed at any call of any port, then asked again twice: the end moved by two hours, no more and no less."""
    for nth in count(1):
        world = World()
        row = world.running()
        spent = world.spend
        fate, plain = Fate(nth, after=after), world.services
        world.services = fate.wrapped(plain)
        try:
            extend(world.services, row.id, hours=2, key="k")
        except Killed:
            world.nudge.take()
        world.services = plain
        answers = [extend(world.services, row.id, hours=2, key="k").extension for _ in range(2)]
        assert answers[0] == answers[1]
        assert world.row(row.id).expires_at == answers[0].new_expires_at == end_of(row) + 2 * HOUR
        assert world.spend == spent + 2 * 38_100
        if fate.struck is None:
            break
    assert nth > 3


def test_x02_two_extends_at_once_add_once_each_or_one_is_told(stack: EmulatedWorld) -> None:
    """The second finds the end moved and is told the new one; asked again, it adds its own hours to that (row X2)."""
    row = stack.running()
    plain = stack.services
    instances: Any = Between(plain.instances, "write", lambda: extend(plain, row.id, hours=1, key="one"))
    racing = replace(plain, instances=instances)
    with pytest.raises(EndMoved) as moved:
        extend(racing, row.id, hours=2, key="two")
    assert moved.value.data["expires_at"] == end_of(row) + HOUR
    assert extend(plain, row.id, hours=2, key="two").extension.new_expires_at == end_of(row) + 3 * HOUR


def test_x03_an_extend_and_a_reaper_at_the_end_have_one_winner(stack: EmulatedWorld) -> None:
    """At every write of the reaper an extend of the last second comes: either it lives on or the extend is refused."""
    outcomes = set()
    for nth in count(1):
        row = stack.running()
        until(stack, row, SECOND)
        behind = replace(stack.services, clock=FakeClock(stack.clock.now()))
        stack.clock.advance(SECOND)
        answers: list[bool] = []

        def ask(services: Any = behind, instance_id: str = row.id, told: list[bool] = answers) -> None:
            try:
                extend(services, instance_id, hours=1, key="k")
            except CccError:
                told.append(False)
            else:
                told.append(True)

        instances: Any = Between(stack.services.instances, "write", ask, nth=nth)
        advance(replace(stack.services, instances=instances), row.id)
        if not answers:
            break
        alive = row.name in {server.name for server in stack.mine()}
        assert alive is answers[0]
        assert (stack.row(row.id).status is Status.RUNNING) is alive
        outcomes.add(alive)
        while stack.mine():
            stack.wait(HOUR)
    assert outcomes == {True, False}


def test_x04_the_last_second_lives_and_the_second_after_is_refused(stack: EmulatedWorld) -> None:
    """One second before its end a machine is extended and lives; another, one second after, is told why not (X4)."""
    early, late = stack.installing(), stack.installing()
    for row in (early, late):
        stack.build(row.id)
    stack.follow_nudges()
    early, late = stack.row(early.id), stack.row(late.id)
    assert end_of(early) == end_of(late)
    until(stack, early, SECOND)
    extend(stack.services, early.id, hours=1, key="k")
    stack.clock.advance(2 * SECOND)
    with pytest.raises(EndingAlready, match=r"time is over.*order a new one"):
        extend(stack.services, late.id, hours=1, key="k")
    stack.tick()
    assert [server.name for server in stack.mine()] == [early.name]
    assert stack.row(late.id).status is Status.DELETED
    until(stack, stack.row(early.id), timedelta(0))
    stack.tick()
    assert stack.mine() == []


def test_x05_the_label_at_the_provider_says_nothing(stack: EmulatedWorld) -> None:
    """The label still tells the old end, or a made-up one: the sweep reads the row, and the machine lives (row X5)."""
    row = stack.running()
    (server,) = stack.mine()
    past = str(int((stack.clock.now() - HOUR).timestamp()))
    stack.provider.ask(stack.token, "PUT", f"/servers/{server.id}", {"labels": {**server.labels, "ccc-expires": past}})
    extend(stack.services, row.id, hours=3, key="k")
    for _ in range(8):
        stack.wait(15 * MINUTE)
        stack.reap()
    assert stack.row(row.id).status is Status.RUNNING
    assert [each.id for each in stack.mine()] == [server.id]


def test_x06_past_a_cap_nothing_is_changed() -> None:
    """Beyond the longest life or the month's money: refused with the limit's name, row and counters as before (X6)."""
    world = World(max_monthly_eur=Decimal("0.25"))
    row = world.running()
    before, spent = world.row(row.id), world.spend
    with pytest.raises(LimitReached) as refused:
        extend(world.services, row.id, hours=72, key="k")
    assert refused.value.data["limit"] == "spend"
    assert (world.row(row.id), world.spend) == (before, spent)
    world = World(max_life_hours=4)
    row = world.running()
    before, spent = world.row(row.id), world.spend
    with pytest.raises(LimitReached) as refused:
        extend(world.services, row.id, hours=3, key="k")
    assert (refused.value.data["limit"], refused.value.data["left"]) == ("life", 2)
    assert (world.row(row.id), world.spend) == (before, spent)


@pytest.mark.parametrize("hours", [0, -1, 73, 10**9])
def test_x07_hours_out_of_bounds_change_nothing(hours: int) -> None:
    """Zero, negative and huge are refused before anything is read or written (row X7)."""
    world = World()
    row = world.running()
    with pytest.raises(InvalidInput):
        extend(world.services, row.id, hours=hours, key="k")
    assert world.row(row.id) == row


def test_x08_before_it_runs_there_is_no_end_to_move(stack: EmulatedWorld) -> None:
    """Ordered, being made, being built: `not_running`, and the hours are counted from the start (row X8)."""
    row = stack.order().instance
    with pytest.raises(NotRunning):
        extend(stack.services, row.id, hours=1, key="k")
    stack.follow_nudges()
    assert stack.row(row.id).status is Status.INSTALLING
    with pytest.raises(NotRunning):
        extend(stack.services, row.id, hours=1, key="k")
    stack.build(row.id)
    stack.follow_nudges()
    assert extend(stack.services, row.id, hours=1, key="k").extension.hours == 1


def test_x09_a_process_whose_clock_is_an_hour_fast_ends_nothing(stack: EmulatedWorld) -> None:
    """It asks the provider for the time and leaves the row as it was: extended an hour later, it lives on (row X9)."""
    row = stack.running()
    end = end_of(row)
    stack.clock.advance(end - HOUR - stack.clock.now())
    stack.tick()
    before = stack.row(row.id)
    fast = FakeClock(end + MINUTE)
    for _ in range(3):
        advance(replace(stack.services, clock=fast), row.id)
    after = stack.row(row.id)
    assert replace(after, version=before.version, op_id=before.op_id) == before
    stack.clock.advance(HOUR - MINUTE)
    extend(stack.services, row.id, hours=1, key="k")
    for _ in range(12):
        stack.wait(5 * MINUTE)
        assert len(stack.mine()) == 1
    stack.settle(row.id, Status.DELETED, within=4 * MINUTE)
    assert stack.clock.now() >= end + HOUR
    assert stack.mine() == []


def test_x09_what_a_fast_clock_claimed_in_an_outage_is_kept_to_its_end(stack: EmulatedWorld) -> None:
    """With nobody to ask for the time the end is claimed; nobody deletes before the end that was promised (row X9)."""
    row = stack.running()
    end = end_of(row)
    stack.clock.advance(end - HOUR - stack.clock.now())
    plain = stack.services
    stack.services = replace(plain, clock=FakeClock(end + MINUTE))
    stack.provider.down = True
    killed_at(stack, "instances", "write", lambda: advance(stack.services, row.id), after=True, nth=2)
    stack.services, stack.provider.down = plain, False
    assert stack.row(row.id).status is Status.DELETING
    expire_leases(stack.services)
    stack.tick()
    assert len(stack.mine()) == 1
    stack.clock.advance(end - stack.clock.now())
    stack.settle(row.id, Status.DELETED, within=4 * MINUTE)
    assert stack.mine() == []


def test_x09_a_process_whose_clock_is_an_hour_slow_does_nothing_wrong(stack: EmulatedWorld) -> None:
    """It sees nothing due; the others end the machine at its end (row X9, invariant 7)."""
    row = stack.running()
    until(stack, row, timedelta(0))
    slow = FakeClock(stack.clock.now() - HOUR)
    advance(replace(stack.services, clock=slow), row.id)
    assert stack.row(row.id).status is Status.RUNNING
    stack.tick()
    assert stack.mine() == []

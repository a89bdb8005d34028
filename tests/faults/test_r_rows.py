"""Rows R of the fault matrix that need a crash at an exact point, or the provider's own words: who reaps, and when.

Deletes that die or lose their reply are in `test_deletes.py`, what is kept all the same in `test_kept_servers.py`.
"""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain.errors import StoreUnavailable
from chalicelib.domain.instance import EndReason, Status
from chalicelib.domain.lifecycle import Queue
from chalicelib.operations.extend import extend
from chalicelib.operations.ports import RunState
from chalicelib.operations.show_runs import list_runs, show_run
from chalicelib.operations.tick import tick
from tests.fakes.clock import FakeClock
from tests.faults.dying import killed_at
from tests.faults.ending import QUARTER, SECOND, at_its_end, deletes
from tests.simulation.emulated import EmulatedWorld
from tests.unit.domain.samples import MINUTE
from tests.unit.operations.between import Between, meeting
from tests.unit.operations.world import World


class Answers:
    """Instances whose due index answers as a test says, in turn; then as it is."""

    def __init__(self, instances: Any, *answers: Any) -> None:
        self._instances = instances
        self._answers = list(answers)

    def __getattr__(self, name: str) -> Any:
        """Everything else is as it was."""
        return getattr(self._instances, name)

    def due(self, queue: Queue, until: Any, limit: int) -> list[str]:
        """One of the answers, or the index's own."""
        if not self._answers:
            found: list[str] = self._instances.due(queue, until, limit)
            return found
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return list(answer)


def test_r01_a_query_that_fails_ends_nothing_and_the_next_does(stack: EmulatedWorld) -> None:
    """Throttled: the tick fails, nothing is deleted; the next tick ends the machine (row R1)."""
    row = at_its_end(stack)
    instances: Any = Answers(stack.services.instances, StoreUnavailable("throttled"))
    with meeting(stack, instances=instances):
        with pytest.raises(StoreUnavailable):
            stack.tick()
        assert len(stack.mine()) == 1
        stack.wait(MINUTE)
    assert stack.row(row.id).status is Status.DELETED


def test_r01_two_runs_that_do_not_come_are_an_alarm_once_an_hour() -> None:
    """The newest finished run is older than two hours and a quarter: `reap.missed`, again after an hour (R1, R13)."""
    world = World()
    world.reap()
    for _ in range(9):
        world.wait(QUARTER)
    assert "reap.missed" not in world.alarms.events()
    for _ in range(8):
        world.wait(QUARTER)
    assert world.alarms.events().count("reap.missed") == 2
    world.reap()
    for _ in range(9):
        world.wait(QUARTER)
    assert world.alarms.events().count("reap.missed") == 2


def test_r02_an_index_that_lags_neither_saves_nor_ends_a_machine(stack: EmulatedWorld) -> None:
    """Not listed though over: the next tick; listed though extended: a fresh read, and it lives (row R2)."""
    row = at_its_end(stack)
    with meeting(stack, instances=Answers(stack.services.instances, [], [])):
        stack.tick()
        assert len(stack.mine()) == 1
        stack.wait(MINUTE)
    assert stack.row(row.id).status is Status.DELETED
    other = stack.running(2)
    assert other.expires_at is not None
    stack.clock.advance(other.expires_at - SECOND - stack.clock.now())
    extend(stack.services, other.id, hours=1, key="k")
    stack.follow_nudges()
    stack.clock.advance(2 * SECOND)
    with meeting(stack, instances=Answers(stack.services.instances, [other.id])):
        stack.tick()
    assert stack.row(other.id).status is Status.RUNNING
    assert [server.name for server in stack.mine()] == [other.name]


def test_r03_an_extend_between_the_read_and_the_claim_is_kept(stack: EmulatedWorld) -> None:
    """The reaper has read the row, the extend is written, the claim fails: the machine lives (row R3)."""
    row = at_its_end(stack)
    behind = replace(stack.services, clock=FakeClock(stack.clock.now() - SECOND))
    instances: Any = Between(stack.services.instances, "write", lambda: extend(behind, row.id, hours=1, key="k"), nth=2)
    with meeting(stack, instances=instances):
        stack.tick()
    assert stack.row(row.id).status is Status.RUNNING
    assert deletes(stack) == []


def test_r11_of_two_reapers_at_once_one_deletes(stack: EmulatedWorld) -> None:
    """The schedule came twice: at every request of the first a second runs through, and one DELETE is sent (R11)."""
    for nth in itertools.count(1):
        row = at_its_end(stack)
        plain, before = stack.services, len(deletes(stack))
        met: list[int] = []
        for method in ("get", "delete"):

            def second(services: Any = plain, seen: list[int] = met) -> None:
                seen.append(1)
                tick(services, left=lambda: 60.0)

            servers: Any = Between(plain.servers, method, second, nth=nth)
            with meeting(stack, servers=servers):
                stack.tick()
        stack.wait(MINUTE)
        assert stack.row(row.id).status is Status.DELETED
        assert len(deletes(stack)) - before == 1
        if not met:
            break
    assert nth > 1


def test_r12_a_run_that_is_cut_short_leaves_the_rest_to_the_next_oldest_first(stack: EmulatedWorld) -> None:
    """Time for seven of twenty: the seven that ended first are gone, and the next run does the rest (row R12)."""
    stack.services = replace(stack.services, limits=replace(stack.services.limits, max_live=50))
    rows = [stack.running(after=2 * SECOND) for _ in range(20)]
    first, last = rows[0].expires_at, rows[-1].expires_at
    assert first is not None
    assert last is not None
    stack.wait(first - 9 * MINUTE - stack.clock.now())
    stack.clock.advance(last - stack.clock.now())
    turns = itertools.count()
    tick(stack.services, left=lambda: 7.0 - next(turns))
    ended = [row.id for row in rows if stack.row(row.id).status is Status.DELETED]
    assert ended == [row.id for row in rows[:7]]
    stack.tick()
    assert stack.mine() == []


def test_r13_without_any_schedule_a_person_can_reap_and_is_told_of_the_absence(stack: EmulatedWorld) -> None:
    """The schedule is lost: `ccc reap` ends what is over; a tick that comes again raises `reap.missed` (row R13)."""
    row = at_its_end(stack)
    stack.reap()
    assert (stack.row(row.id).status, stack.mine()) == (Status.DELETED, [])
    for _ in range(11):
        stack.wait(QUARTER)
    assert "reap.missed" in stack.alarms.events()


def test_r19_an_end_does_not_wait_for_any_mail(stack: EmulatedWorld) -> None:
    """The mailer raises at every letter: the machine is gone at its end, and its farewell is still owed (row R19)."""

    class Broken:
        def send(self, letter: object) -> None:
            """Nothing leaves."""
            raise OSError(f"no mail server for {type(letter).__name__}")

    broken: Any = Broken()
    row = stack.running()
    assert row.expires_at is not None
    with meeting(stack, mailer=broken):
        while stack.clock.now() < row.expires_at:
            stack.wait_quietly(min(5 * MINUTE, row.expires_at - stack.clock.now()))
        for _ in range(3):
            stack.wait_quietly(MINUTE)
    assert stack.mine() == []
    assert stack.row(row.id).end_reason is EndReason.EXPIRED


def test_r13_a_run_that_was_killed_is_shown_as_interrupted(stack: EmulatedWorld) -> None:
    """Killed in the middle: its record says what it had done, and after its function's time that it was cut off."""
    row = at_its_end(stack)
    killed_at(stack, "servers", "listed", stack.reap, after=False)
    (run,) = [run for run in list_runs(stack.services, limit=5).runs if run.state is RunState.RUNNING]
    assert [(entry.what, entry.instance_id) for entry in run.did] == [("ended", row.id)]
    stack.clock.advance(16 * MINUTE)
    assert show_run(stack.services, run.id).state is RunState.INTERRUPTED
    assert RunState.INTERRUPTED in {run.state for run in list_runs(stack.services, limit=5).runs}

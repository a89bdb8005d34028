"""Faults of callbacks, row by row: what a builder says counts once, late or repeated, and nothing it says is lost."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain import tokens
from chalicelib.domain.build import BuildReport, Cause, Outcome, Phase
from chalicelib.domain.errors import BuildOver, NotFound, StoreUnavailable, Superseded
from chalicelib.domain.instance import Instance, Status
from chalicelib.domain.notice import Kind, State
from chalicelib.operations import secrets_of
from chalicelib.operations.record_build import record_build
from chalicelib.operations.refused_builder import refusals_key
from tests.unit.domain.samples import HOUR, MINUTE
from tests.unit.operations.attempts import READY, attempt_of, building, kinds
from tests.unit.operations.between import meeting


def test_c2_a_report_whose_answer_was_lost_is_told_again_and_counts_once() -> None:
    """The write succeeded, the answer did not come: the builder repeats, is told yes, and one mail leaves (row C2)."""
    world, row = building(*Phase)
    world.boot(row.id)
    world.table.fail_next(StoreUnavailable("away"))
    with pytest.raises(StoreUnavailable):
        world.report(row.id, READY)
    world.table.lose_next_reply()
    world.report(row.id, READY)
    world.report(row.id, READY)
    world.follow_nudges()
    world.report(row.id, READY)
    world.wait(MINUTE)
    assert world.row(row.id).status is Status.RUNNING
    assert kinds(world) == ["ready"]


class FirstRunning:
    """Instances whose worker dies right after the first write of a row that runs."""

    def __init__(self, port: Any) -> None:
        self._port = port
        self.written: list[Instance] = []

    def __getattr__(self, name: str) -> Any:
        """The port's own."""
        return getattr(self._port, name)

    def write(self, after: Instance, **more: Any) -> Instance:
        """Write, and die if that was it."""
        stored: Instance = self._port.write(after, **more)
        if stored.status is Status.RUNNING:
            self.written.append(stored)
            raise KeyboardInterrupt
        return stored


def test_c3_running_and_the_mail_that_is_owed_are_one_write() -> None:
    """Whoever dies right after `running` leaves a row that owes its mail, and the next tick sends it once (row C3)."""
    world, row = building(*Phase)
    world.boot(row.id)
    world.report(row.id, READY)
    dying: Any = FirstRunning(world.services.instances)
    with meeting(world, instances=dying), pytest.raises(KeyboardInterrupt):
        world.follow_nudges()
    (first,) = dying.written
    assert [notice.state for notice in first.notices if notice.kind is Kind.READY] == [State.OWED]
    assert kinds(world) == []
    world.wait(MINUTE)
    world.wait(MINUTE)
    assert kinds(world) == ["ready"]


def test_c7_a_captured_report_that_is_played_again_changes_nothing() -> None:
    """After `ready` the same words are harmless, other words are refused, and nobody gets the order again (row C7).

    The row asks for a clock's window of 5 minutes. A report carries no time, and needs none: its token is derived for
    one attempt of one instance and dies with it, and each thing that can be said counts once, however old the copy is.
    A window would refuse true words of a builder whose clock is off or whose API was away (row C10).
    """
    world, row = building(*Phase)
    token = secrets_of.token(world.services, row, tokens.Purpose.BUILD, 1)
    world.boot(row.id)
    world.report(row.id, READY)
    world.follow_nudges()
    before = world.table.contents()
    for _ in range(3):
        record_build(world.services, row.id, attempt=1, build_token=token, report=READY)
    failed = BuildReport(outcome=Outcome.FAILED, cause=Cause.DISK)
    for other in (failed, BuildReport(phase=Phase.KEXEC), BuildReport(phase=Phase.COPY, log_tail="lies")):
        with pytest.raises(Superseded):
            record_build(world.services, row.id, attempt=1, build_token=token, report=other)
    with pytest.raises(Superseded):
        world.claim(row.id)
    assert world.table.contents() == before
    with pytest.raises(NotFound):
        record_build(world.services, row.id, attempt=2, build_token=token, report=READY)
    assert differing(before, world.table.contents()) == {refusals_key(world.clock.now())}
    world.wait(MINUTE)
    assert kinds(world) == ["ready"]


@pytest.mark.parametrize("later", [10 * MINUTE, 3 * HOUR])
def test_c7_the_age_of_a_copy_makes_no_difference(later: timedelta) -> None:
    """Minutes or hours later, or of an instance that is gone: the copy still changes nothing (row C7)."""
    world, row = building(*Phase)
    token = secrets_of.token(world.services, row, tokens.Purpose.BUILD, 1)
    world.boot(row.id)
    world.report(row.id, READY)
    world.follow_nudges()
    until = world.clock.now() + later
    while world.clock.now() < until:
        world.wait(5 * MINUTE)
    before = world.table.contents()
    record_build(world.services, row.id, attempt=1, build_token=token, report=READY)
    with pytest.raises((BuildOver, Superseded)):
        record_build(world.services, row.id, attempt=1, build_token=token, report=BuildReport(phase=Phase.DISKO))
    assert world.table.contents() == before
    assert kinds(world).count("ready") == 1


def test_c7_a_late_report_of_the_attempt_that_is_at_work_counts() -> None:
    """Words that took a quarter of an hour to arrive are believed: the attempt is the newest still (rows C7, C10)."""
    world, row = building(Phase.SSH)
    world.clock.advance(15 * MINUTE)
    world.report(row.id, BuildReport(phase=Phase.KEXEC))
    record = world.services.instances.get_build(row.id, 1)
    assert record is not None
    assert record.phases[-1].phase is Phase.KEXEC


def differing(before: dict[str, str], after: dict[str, str]) -> set[str]:
    """The keys of the items that are not what they were."""
    return {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}


def test_c10_half_an_hour_without_an_api_costs_no_machine() -> None:
    """The builder could tell nobody and is gone, nobody ticked: the first tick after it finds the machine (row C10)."""
    world, row = building(*Phase)
    world.boot(row.id)
    world.installer.end(row.id, 1)
    world.wait(30 * MINUTE)
    world.wait(MINUTE)
    after = world.row(row.id)
    assert (after.status, attempt_of(world, row)) == (Status.RUNNING, 1)
    assert kinds(world) == ["ready"]


def test_c10_a_builder_that_is_heard_half_an_hour_late_is_heard() -> None:
    """While its job lives the attempt is waited for, and its late word counts (row C10)."""
    world, row = building(*Phase)
    for _ in range(30):
        world.wait(MINUTE)
    assert world.row(row.id).status is Status.INSTALLING
    world.boot(row.id)
    world.report(row.id, READY)
    world.follow_nudges()
    assert kinds(world) == ["ready"]

"""The end of one attempt: it has ended when its platform says so, and what never ran is followed after a rest."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from itertools import pairwise

import pytest

from chalicelib.domain.errors import BuilderUnknown
from chalicelib.domain.instance import Build
from chalicelib.operations.ports import BuildState
from chalicelib.operations.stages.ended_attempt import OFTEN, end, next_not_before, tell_if_often
from tests.fakes.installer import FakeInstaller
from tests.unit.domain.samples import HOUR, MINUTE, TEN
from tests.unit.operations.world import World


class SlowToStop(FakeInstaller):
    """A platform that takes the wish to stop, and whose jobs run on for a while."""

    def stop(self, instance_id: str, attempt: int, reference: str) -> None:
        """Take the wish."""


def test_an_attempt_has_ended_when_its_platform_says_so() -> None:
    """Asked to stop and stopped: the step records it."""
    world = World()
    row = world.installing()
    assert row.build is not None
    step = end(world.services, row, row.build)
    assert step is not None
    assert step.change(row).build == replace(row.build, stopped=True)
    assert world.installer.state(row.id, 1, "") is BuildState.STOPPED


def test_a_job_that_the_platform_does_not_know_has_ended() -> None:
    """What was never there, or is forgotten, does not run."""
    world = World()
    row = world.installing()
    assert row.build is not None
    world.installer.forget(row.id, 1)
    assert end(world.services, row, row.build) is not None


@pytest.mark.parametrize("silent", [True, False])
def test_asked_to_stop_is_not_stopped(silent: bool) -> None:
    """Without an answer, or while the job still runs, nothing is recorded (rule R18)."""
    world = World()
    world.installer = SlowToStop()
    world.services = replace(world.services, installer=world.installer)
    row = world.installing()
    assert row.build is not None
    if silent:
        world.installer.fail_next(BuilderUnknown("no answer"))
        world.installer.end(row.id, 1)
    assert end(world.services, row, row.build) is None


def test_each_rest_is_longer_than_the_one_before() -> None:
    """A minute, two, three: in an hour a platform that runs nothing is asked eleven times."""
    starts = [TEN]
    while starts[-1] < TEN + HOUR:
        starts.append(next_not_before(Build(attempt=1, started_at=starts[-1], reference="job", unrun=len(starts) - 1)))
    rests = [(after - before) / MINUTE for before, after in pairwise(starts)]
    assert rests == list(range(1, len(starts)))
    assert len([start for start in starts if start < TEN + HOUR]) == 11


@pytest.mark.parametrize("running_at", [None, TEN])
def test_a_person_is_told_once_of_a_platform_that_runs_nothing(running_at: datetime | None) -> None:
    """The third such attempt in a row is an alarm that names the instance and says whether the job was seen to run."""
    world = World()
    row = world.order().instance
    build = Build(attempt=1, started_at=TEN, reference="job", running_at=running_at)
    for unrun in range(6):
        tell_if_often(world.services, row, replace(build, attempt=unrun + 1, unrun=unrun))
    told = {"instance_id": row.id, "attempts": OFTEN, "seen_running": running_at is not None}
    assert world.alarms.raised == [("builder.never_ran", told)]


def test_a_question_is_not_lost_to_the_end_of_its_attempt() -> None:
    """What a builder said while its attempt was ended stays in the row."""
    world = World()
    row = world.installing()
    assert row.build is not None
    step = end(world.services, row, replace(row.build, asked_at=None))
    assert step is not None
    changed = step.change(row).build
    assert changed is not None
    assert (changed.stopped, changed.asked_at) == (True, TEN)

"""Measures of good builds: kept when a machine gets ready, shown once there are enough, never in anybody's way."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from chalicelib.domain.build import BuildReport, Outcome, Phase
from chalicelib.domain.durations import BuildTimes
from chalicelib.domain.errors import StoreUnavailable, WriteConflict
from chalicelib.domain.instance import Instance, Status
from chalicelib.operations.durations import MAX_TRIES, Usual, note_build, usual
from chalicelib.operations.show import show
from tests.unit.operations.between import Between, meeting
from tests.unit.operations.world import World


def built(world: World, seconds: int) -> Instance:
    """A machine whose phases took so many seconds each."""
    row = world.installing()
    world.claim(row.id)
    for phase in Phase:
        world.begin(row.id, phase)
        world.clock.advance(timedelta(seconds=seconds))
    world.boot(row.id)
    world.report(row.id, BuildReport(outcome=Outcome.READY))
    world.follow_nudges()
    return world.row(row.id)


def test_after_three_good_builds_there_is_a_usual_time() -> None:
    """Two are not enough; with the third every phase has a median and a time that few exceed."""
    world = World()
    built(world, 10)
    built(world, 30)
    assert usual(world.services) == Usual()
    row = built(world, 20)
    names = [phase.value for phase in Phase]
    expected = Usual(seconds=dict.fromkeys(names, 20), slow_seconds=dict.fromkeys(names, 30))
    assert show(world.services, row.id).usual == expected


def test_what_failed_is_not_measured() -> None:
    """A build without a good end says nothing of how long one takes."""
    world = World()
    row = world.installing()
    world.claim(row.id)
    world.begin(row.id, *Phase)
    world.fail_build(row.id)
    world.settle(row.id, Status.FAILED)
    assert world.services.durations.get() == BuildTimes()


def test_a_build_that_only_the_probe_completed_is_not_measured() -> None:
    """Nobody knows when the last phase of a builder that died was over (row B20)."""
    world = World()
    row = world.installing()
    world.claim(row.id)
    world.begin(row.id, *Phase)
    world.boot(row.id)
    world.installer.end(row.id, 1)
    world.settle(row.id, Status.RUNNING)
    assert world.services.durations.get() == BuildTimes()


def test_two_that_get_ready_at_once_are_both_measured() -> None:
    """Whoever loses the write adds to what the other wrote."""
    world = World()
    row = built(world, 10)
    record = world.services.instances.get_build(row.id, 1)
    assert record is not None
    plain = world.services
    both: Any = Between(plain.durations, "write", lambda: note_build(plain, record))
    with meeting(world, durations=both):
        note_build(world.services, record)
    assert {len(each.seconds) for each in world.services.durations.get().phases} == {3}


def test_measures_that_cannot_be_kept_hold_up_no_machine() -> None:
    """A machine gets ready though the item does not answer, or is never to be had."""
    for broken in (_Broken(StoreUnavailable("away")), _Broken(WriteConflict("lost"))):
        world = World()
        durations: Any = broken
        with meeting(world, durations=durations):
            assert built(world, 10).status is Status.RUNNING
    assert broken.tried == MAX_TRIES


class _Broken:
    """Measures that can be read and not written."""

    def __init__(self, error: Exception) -> None:
        self._error = error
        self.tried = 0

    def get(self) -> BuildTimes:
        """None yet."""
        return BuildTimes()

    def write(self, after: BuildTimes, before: BuildTimes) -> BuildTimes:  # noqa: ARG002 -- the port's shape
        """Fail."""
        self.tried += 1
        raise self._error

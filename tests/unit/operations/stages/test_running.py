"""The end of a running machine: claimed when it has come, and not a second before."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chalicelib.domain.instance import EndReason, Status
from chalicelib.domain.lifecycle import Queue
from tests.unit.domain.samples import MINUTE
from tests.unit.operations.world import World

SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(("before", "status"), [(SECOND, Status.RUNNING), (timedelta(0), Status.DELETED)])
def test_r9_the_end_is_claimed_at_the_end(before: timedelta, status: Status) -> None:
    """A tick one second before the end leaves the machine alone, one at the end deletes it (rule R9)."""
    world = World()
    row = world.running()
    assert row.expires_at is not None
    world.wait(row.expires_at - before - world.clock.now())
    assert world.row(row.id).status is status


def test_the_end_waits_in_the_queue_that_is_served_first() -> None:
    """Once its mails are out, a running machine waits for its end in the `delete` queue."""
    world = World()
    row = world.running()
    assert row.expires_at is not None
    world.wait(row.expires_at - 9 * MINUTE - world.clock.now())
    assert world.services.instances.due(Queue.DELETE, row.expires_at, 10) == [row.id]
    assert world.services.instances.due(Queue.DELETE, row.expires_at - SECOND, 10) == []


def test_i7_a_late_tick_ends_what_is_overdue() -> None:
    """After an outage of six hours the first tick deletes, and the reason is still the time (row Z5)."""
    world = World()
    row = world.running()
    world.wait(timedelta(hours=8))
    ended = world.row(row.id)
    assert (ended.status, ended.end_reason) == (Status.DELETED, EndReason.EXPIRED)


def test_warnings_come_an_hour_and_ten_minutes_before_the_end() -> None:
    """Each warning leaves in the minute it is due, once."""
    world = World()
    row = world.running(2)
    assert row.expires_at is not None
    for before, count in ((61, 0), (60, 1), (11, 1), (10, 2), (1, 2)):
        world.wait(row.expires_at - before * MINUTE - world.clock.now())
        assert len([subject for subject in world.mails() if subject.startswith("ending")]) == count

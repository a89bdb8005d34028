"""A build that ended is looked at at once."""

from __future__ import annotations

from chalicelib.domain.instance import Status
from chalicelib.operations.hurry import hurry
from tests.unit.operations.world import World


def test_a_row_that_waits_for_a_build_is_due_and_somebody_is_asked_to_look() -> None:
    """The row is due now, and a nudge is on its way."""
    world = World()
    row = world.installing()
    assert world.row(row.id).due_at != world.clock.now()
    hurry(world.services, row.id)
    assert world.row(row.id).due_at == world.clock.now()
    assert world.nudge.take()


def test_nothing_else_is_touched() -> None:
    """A running row and an unknown id stay as they are."""
    world = World()
    row = world.running()
    before = world.row(row.id)
    assert before.status is Status.RUNNING
    hurry(world.services, row.id)
    hurry(world.services, "000000000000")
    assert world.row(row.id) == before

"""What is over: its builder is told to stop as often as its letters are looked at, and nothing else is done."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chalicelib.domain.errors import BuilderUnknown
from chalicelib.domain.instance import Status
from chalicelib.operations.deprovision import deprovision
from tests.unit.operations.world import World


def test_a_builder_whose_end_was_not_heard_is_told_again() -> None:
    """A platform that did not answer while the machine was deleted is asked again with the last letter."""
    world = World()
    row = world.installing()
    deprovision(world.services, row.id)
    world.installer.fail_next(BuilderUnknown("no answer"))
    world.follow_nudges()
    assert world.row(row.id).status is Status.DELETED
    assert world.mails()[-1] == "ended"
    assert world.installer.running() == 0


def test_a_builder_whose_start_was_not_answered_is_told() -> None:
    """The row knows of no job, and there is one: its attempt's name is enough to end it. So for the attempt after."""
    world = World()
    world.builders_ask = False
    world.installer.start_then_fail(BuilderUnknown("the answer was lost"))
    first = world.order().instance
    world.follow_nudges()
    assert (world.row(first.id).build, world.installer.running()) == (None, 1)
    deprovision(world.services, first.id)
    world.follow_nudges()
    assert (world.row(first.id).status, world.installer.running()) == (Status.DELETED, 0)

    second = world.order(key="second").instance
    world.follow_nudges()
    world.installer.end(second.id, 1)
    world.installer.start_then_fail(BuilderUnknown("the answer was lost"))
    world.wait(timedelta(minutes=2))
    build = world.row(second.id).build
    assert build is not None
    assert (build.attempt, build.stopped, world.installer.running()) == (1, True, 1)
    deprovision(world.services, second.id)
    world.follow_nudges()
    assert (world.row(second.id).status, world.installer.running()) == (Status.DELETED, 0)


def test_a_machine_that_ran_has_no_builder_to_end() -> None:
    """The job of a machine that became ready has ended by itself: its platform is asked nothing at the end."""
    world = World()
    row = world.running()
    world.installer.fail_next(BuilderUnknown("never asked for"))
    deprovision(world.services, row.id)
    world.follow_nudges()
    assert (world.row(row.id).status, world.mails()[-1]) == (Status.DELETED, "ended")
    with pytest.raises(BuilderUnknown, match="never asked for"):
        world.installer.state(row.id, 1, "")

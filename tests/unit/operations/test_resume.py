"""Resuming: both what a person and what the breaker held back is let go, and a freeze is not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.domain.audit import Deed
from chalicelib.domain.build import Cause
from chalicelib.domain.instance import Status
from chalicelib.operations.breaker import note_failure
from chalicelib.operations.pause import pause
from chalicelib.operations.resume import resume
from tests.unit.domain.samples import TEN
from tests.unit.operations.world import World


@pytest.mark.parametrize("paused", [False, True])
@pytest.mark.parametrize("failures", [0, 3])
def test_b22_orders_are_taken_again(paused: bool, failures: int) -> None:
    """Whatever stood against new machines is told and gone (row B22)."""
    world = World()
    for number in range(failures):
        note_failure(world.services, f"instance {number}", Cause.DISK, TEN)
    if paused:
        pause(world.services)
    done = resume(world.services)
    assert (done.was_paused, done.breaker_was_open) == (paused, failures == 3)
    assert done.stack == world.stack
    assert world.order().instance.status is Status.REQUESTED


def test_a_freeze_stays() -> None:
    """Deleting is held back for another reason, which has its own word."""
    world = World()
    world.services.stack.write(replace(world.stack, frozen="restored"), world.stack)
    pause(world.services)
    assert resume(world.services).stack.frozen == "restored"


def test_only_what_changed_something_is_noted() -> None:
    """A resume of what runs leaves no entry."""
    world = World()
    resume(world.services)
    assert world.services.audit.of_day(TEN.date(), 10) == []
    pause(world.services)
    resume(world.services)
    assert {entry.did for entry in world.services.audit.of_day(TEN.date(), 10)} == {Deed.PAUSED, Deed.RESUMED}

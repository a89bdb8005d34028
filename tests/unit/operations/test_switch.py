"""Changes of the `stack` item by a person: kept beside those of others, and never begun without an item."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain.errors import StoreUnavailable, WriteConflict
from chalicelib.operations.switch import MAX_TRIES, switch
from tests.unit.operations.between import Between
from tests.unit.operations.world import World


def test_a_change_of_somebody_else_at_the_same_time_is_kept() -> None:
    """The item is read again after a conflict: both changes are in it."""
    world = World()

    def other() -> None:
        world.services.stack.write(replace(world.stack, epoch=77), world.stack)

    stack: Any = Between(world.services.stack, "write", other)
    before, after = switch(replace(world.services, stack=stack), lambda seen: replace(seen, paused=True))
    assert (before.paused, after.paused, after.epoch) == (False, True, 77)
    assert world.stack == after


def test_nothing_is_written_where_nothing_changes() -> None:
    """The version stays."""
    world = World()
    version = world.stack.version
    before, after = switch(world.services, lambda seen: seen)
    assert before == after == world.stack
    assert world.stack.version == version


def test_a_crowd_ends_in_a_conflict() -> None:
    """Who is never first gives up after some tries, and says so."""
    world = World()
    tries = 0

    def change(seen: Any) -> Any:
        nonlocal tries
        tries += 1
        return replace(seen, paused=not seen.paused)

    stack: Any = _Never(world.services.stack)
    with pytest.raises(WriteConflict):
        switch(replace(world.services, stack=stack), change)
    assert tries == MAX_TRIES


class _Never:
    """A stack item that somebody else is always first at."""

    def __init__(self, stack: Any) -> None:
        self.get = stack.get

    def write(self, *_: object) -> None:
        """Refuse."""
        raise WriteConflict("Somebody else was first.")


def test_without_a_stack_item_nothing_is_switched() -> None:
    """A wrong or empty table is no deployment."""
    world = World()
    world.table.delete("stack")
    with pytest.raises(StoreUnavailable):
        switch(world.services, lambda seen: replace(seen, paused=True))

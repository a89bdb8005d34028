"""Found the stack once: a uuid, a marker, and never a second one in passing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain import labels
from chalicelib.domain.errors import ProviderError, ProviderUnknown
from chalicelib.operations.found_stack import found_stack
from chalicelib.operations.ports import StackState
from tests.unit.operations.between import Between
from tests.unit.operations.world import World


def unfounded() -> World:
    """A world whose table and project have never seen a stack."""
    world = World()
    marker_id = world.stack.marker_id
    assert marker_id is not None
    world.table.delete("stack")
    world.servers.remove_key(marker_id)
    return world


def test_a_stack_has_a_uuid_and_a_marker_that_carries_it() -> None:
    """The table knows the marker's id, and the marker the stack's uuid and epoch."""
    world = unfounded()
    stack = found_stack(world.services)
    assert stack == world.stack
    assert stack.marker_id is not None
    key = world.servers.project.keys[stack.marker_id]
    assert key.name == labels.marker_name(stack.uuid)
    assert key.labels == labels.marker_labels(stack=stack.uuid, epoch=1)


def test_founding_again_changes_nothing() -> None:
    """A second deployment finds the stack founded, and asks the provider nothing."""
    world = unfounded()
    stack = found_stack(world.services)
    world.servers.calls.clear()
    assert found_stack(world.services) == stack
    assert world.servers.calls == []


def test_a_marker_that_went_missing_is_not_planted_again() -> None:
    """Once a marker is known only an operator makes another one (rule R11)."""
    world = unfounded()
    stack = found_stack(world.services)
    assert stack.marker_id is not None
    world.servers.remove_key(stack.marker_id)
    assert found_stack(world.services) == stack
    assert world.servers.project.keys == {}


@pytest.mark.parametrize("lost", [False, True])
def test_a_founding_that_broke_off_is_finished_with_the_same_marker(lost: bool) -> None:
    """Whether the marker was planted or not when the answer failed: the next founding has one marker."""
    world = unfounded()
    if lost:
        world.servers.lose_next("plant_marker")
    else:
        world.servers.fail_next(ProviderUnknown("timed out"), "plant_marker")
    with pytest.raises(ProviderUnknown):
        found_stack(world.services)
    assert found_stack(world.services).marker_id in world.servers.project.keys
    assert len(world.servers.project.keys) == 1


def test_a_foreign_key_of_the_markers_name_is_not_adopted() -> None:
    """A key under our name that does not carry our uuid is somebody else's: founding stops."""
    world = unfounded()
    state = world.services.stack.write(StackState(uuid="11111111-2222-3333-4444-555555555555", epoch=1), None)
    world.servers.add_key(labels.marker_name(state.uuid), "ssh-ed25519 x", {})
    with pytest.raises(ProviderError):
        found_stack(world.services)
    assert world.stack.marker_id is None


def test_two_first_starts_at_once_found_one_stack() -> None:
    """Whoever is second at the table takes the first one's uuid, and the project has one marker."""
    world = unfounded()
    first: list[StackState] = []
    stack: Any = Between(
        world.services.stack,
        "write",
        lambda: first.append(world.services.stack.write(StackState(uuid="1" * 8, epoch=1), None)),
    )
    founded = found_stack(replace(world.services, stack=stack))
    assert founded.uuid == first[0].uuid
    assert len(world.servers.project.keys) == 1

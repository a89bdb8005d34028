"""The marker: read at most once a minute, tied to the token, and believed only when it is ours."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain import labels
from chalicelib.domain.errors import ProviderUnknown, StoreUnavailable
from chalicelib.operations.marker import FRESH, SILENCE, doubt, note_silence, require_stack
from chalicelib.operations.ports import MarkerState
from tests.unit.domain.samples import MINUTE
from tests.unit.operations.between import Between
from tests.unit.operations.world import World


def asked(world: World) -> int:
    """How often the provider was asked for the marker."""
    return [method for method, _ in world.servers.calls].count("read_marker")


def test_an_answer_counts_for_a_minute() -> None:
    """The answer is kept with its time, and read again when it is older."""
    world = World()
    now = world.clock.now()
    assert doubt(world.services, now) is None
    assert (world.stack.marker_state, world.stack.marker_seen_at) == (MarkerState.OURS, now)
    assert doubt(world.services, now + FRESH) is None
    assert asked(world) == 1
    assert doubt(world.services, now + FRESH + timedelta(seconds=1)) is None
    assert asked(world) == 2


def test_z2_an_answer_to_another_token_does_not_count() -> None:
    """With a new token the marker is asked for at once: it may be another project (rows Z2, O12)."""
    world = World()
    assert doubt(world.services, world.clock.now()) is None
    world.servers.use_token("another project's")
    assert doubt(world.services, world.clock.now()) is not None
    assert asked(world) == 2


def test_no_answer_is_no_permission() -> None:
    """A provider that does not answer raises: nothing destructive follows."""
    world = World()
    world.servers.fail_next(ProviderUnknown("timed out"), "read_marker")
    with pytest.raises(ProviderUnknown):
        doubt(world.services, world.clock.now())


def test_a_kept_doubt_is_kept_for_a_minute_too() -> None:
    """A missing marker is not asked for by every row."""
    world = World()
    marker_id = world.stack.marker_id
    assert marker_id is not None
    world.servers.remove_key(marker_id)
    for _ in range(3):
        assert "no marker" in (doubt(world.services, world.clock.now()) or "")
    assert asked(world) == 1


def test_two_who_look_at_once_both_have_their_answer() -> None:
    """The second one's write meets a conflict, and its own answer serves it."""
    world = World()
    stack: Any = Between(world.services.stack, "write", lambda: doubt(world.services, world.clock.now()))
    assert doubt(replace(world.services, stack=stack), world.clock.now()) is None
    assert world.stack.marker_state is MarkerState.OURS


def test_a_frozen_stack_gives_its_reason_first() -> None:
    """A freeze outlasts a marker that answers well."""
    world = World()
    world.services.stack.write(replace(world.stack, frozen="restored"), world.stack)
    assert doubt(world.services, world.clock.now()) == "restored"
    assert doubt(world.services, world.clock.now() + 5 * MINUTE) == "restored"


def test_o4_without_a_stack_item_nothing_is_known() -> None:
    """A wrong or empty table is no deployment: it raises (row O4)."""
    world = World()
    world.table.delete("stack")
    for ask in (lambda: require_stack(world.services), lambda: doubt(world.services, world.clock.now())):
        with pytest.raises(StoreUnavailable):
            ask()


def test_a_marker_whose_epoch_cannot_be_read_is_doubted() -> None:
    """Whose label of the epoch is gone cannot say how far it has counted: nothing destructive follows (rule R11)."""
    world = World()
    marker_id = world.stack.marker_id
    assert marker_id is not None
    key = world.servers.project.keys[marker_id]
    shown = {name: value for name, value in key.labels.items() if name != labels.EPOCH}
    world.servers.project.keys[marker_id] = replace(key, labels=shown)
    assert "epoch" in (doubt(world.services, world.clock.now()) or "")


def test_a_silence_is_kept_for_a_quarter_of_a_minute() -> None:
    """While the provider is down one look in fifteen seconds is made, however many ask; then it is asked again."""
    world = World()
    world.clock.advance(2 * MINUTE)
    for _ in range(2):
        world.servers.fail_next(ProviderUnknown("timed out"), "read_marker")
    answers = []
    for _ in range(30):
        with contextlib.suppress(ProviderUnknown):
            answers.append(doubt(world.services, world.clock.now()))
        world.clock.advance(timedelta(seconds=1))
    assert [method for method, _ in world.servers.calls].count("read_marker") == 2
    assert answers == []
    assert doubt(world.services, world.clock.now()) is None


def test_an_unanswered_request_makes_the_next_ask_for_the_marker() -> None:
    """A fresh answer of the marker counts no more once the provider has been silent about a server."""
    world = World()
    assert doubt(world.services, world.clock.now()) is None
    note_silence(world.services)
    before = len(world.servers.calls)
    assert doubt(world.services, world.clock.now()) is None
    assert [method for method, _ in world.servers.calls[before:]] == ["read_marker"]


def test_a_sweep_that_counts_meanwhile_is_no_restored_table() -> None:
    """Table and marker are raised between our look at the one and at the other: no freeze, no alarm (rule R11)."""
    world = World()
    world.clock.advance(2 * MINUTE)
    plain = world.services

    def count() -> None:
        stack = world.stack
        raised = plain.stack.write(replace(stack, epoch=stack.epoch + 1), stack)
        assert raised.marker_id is not None
        plain.servers.raise_epoch(raised.marker_id, raised.uuid, raised.epoch)

    servers: Any = Between(plain.servers, "read_marker", count)
    assert doubt(replace(plain, servers=servers), world.clock.now()) is None
    assert world.stack.frozen is None
    assert world.alarms.events() == []


def test_z2_an_answer_during_which_the_token_was_changed_is_neither_kept_nor_believed() -> None:
    """Nobody knows which project it was of: the next look asks again, and sees the other project (row Z2)."""
    world = World()
    plain = world.services
    servers: Any = Between(plain.servers, "read_marker", lambda: world.servers.use_token("another's"), after=True)
    with pytest.raises(ProviderUnknown, match="token"):
        doubt(replace(plain, servers=servers), world.clock.now())
    assert world.stack.marker_seen_at is None
    assert doubt(plain, world.clock.now()) is not None


def test_a_silence_counts_from_the_end_of_a_request_that_hung() -> None:
    """Half a minute in vain is no reason to ask again at once: the quarter of a minute begins after it."""
    world = World()
    hung = timedelta(seconds=30)
    world.servers.fail_next(ProviderUnknown("timed out"), "read_marker")
    servers: Any = Between(world.services.servers, "read_marker", lambda: world.clock.advance(hung))
    begun = world.clock.now()
    with pytest.raises(ProviderUnknown):
        doubt(replace(world.services, servers=servers), begun)
    for now in (begun, world.clock.now()):
        with pytest.raises(ProviderUnknown, match="a moment ago"):
            doubt(world.services, now)
    assert asked(world) == 1
    world.clock.advance(SILENCE)
    assert doubt(world.services, world.clock.now()) is None

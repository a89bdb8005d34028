"""An operator's word after a restore: the table counts further than the marker, and deleting goes on (rule R11)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.domain import labels
from chalicelib.domain.audit import Deed
from chalicelib.domain.errors import NoMarker, ProviderUnknown
from chalicelib.domain.instance import Status
from chalicelib.operations.accept_restore import accept_restore
from chalicelib.operations.marker import doubt
from chalicelib.operations.ports import MarkerState
from tests.unit.domain.samples import MINUTE, TEN
from tests.unit.operations.world import World


def restored(world: World, *, marker_epoch: int = 57) -> None:
    """Let the marker have counted further than the table, and somebody have seen it."""
    assert world.stack.marker_id is not None
    world.servers.raise_epoch(world.stack.marker_id, world.stack.uuid, marker_epoch)
    world.clock.advance(2 * MINUTE)
    assert "restored" in (doubt(world.services, world.clock.now()) or "")
    assert world.stack.frozen is not None


def marker_epoch(world: World) -> int:
    """What the marker's label says."""
    assert world.stack.marker_id is not None
    return int(world.servers.project.keys[world.stack.marker_id].labels[labels.EPOCH])


def test_rule_11_the_table_is_raised_above_the_marker_and_thawed() -> None:
    """Afterwards nothing is doubted, and the next sweep raises both epochs together (rule R11)."""
    world = World()
    restored(world)
    accepted = accept_restore(world.services, plant_marker=False)
    assert (accepted.frozen, accepted.epoch) == (None, 58)
    assert accepted == world.stack
    assert doubt(world.services, world.clock.now()) is None
    world.reap()
    assert (world.stack.epoch, marker_epoch(world), world.stack.frozen) == (59, 59, None)


def test_nothing_is_deleted_before_and_what_is_due_is_deleted_after() -> None:
    """A machine whose time is over waits while frozen, and goes when the operator has spoken (row R18)."""
    world = World()
    row = world.running()
    restored(world)
    world.wait(timedelta(hours=3))
    assert world.row(row.id).status is Status.DELETING
    assert len(world.servers.project.servers) == 1
    accept_restore(world.services, plant_marker=False)
    world.settle(row.id, Status.DELETED)
    assert world.servers.project.servers == {}


def test_the_provider_is_not_asked() -> None:
    """What was seen of the marker is in the table; whoever answers the operator waits for nobody."""
    world = World()
    restored(world)
    world.servers.calls.clear()
    accept_restore(world.services, plant_marker=False)
    assert world.servers.calls == []


def test_a_marker_that_went_on_counting_freezes_again() -> None:
    """If another table lives and sweeps, one word is not enough: the next look says so."""
    world = World()
    restored(world)
    assert world.stack.marker_id is not None
    world.servers.raise_epoch(world.stack.marker_id, world.stack.uuid, 99)
    accept_restore(world.services, plant_marker=False)
    assert doubt(world.services, world.clock.now()) is not None
    assert world.stack.frozen is not None


def test_without_a_freeze_there_is_nothing_to_accept() -> None:
    """Neither the epoch nor anything else moves, and nothing is noted."""
    world = World()
    before = world.table.contents()
    assert accept_restore(world.services, plant_marker=False) == world.stack
    assert world.table.contents() == before


def test_accepting_is_noted() -> None:
    """With the epoch from which on the table counts."""
    world = World()
    restored(world)
    accept_restore(world.services, plant_marker=False)
    (entry,) = world.services.audit.of_day(TEN.date(), 10)
    assert (entry.did, entry.about) == (Deed.RESTORE_ACCEPTED, "epoch 58")


@pytest.mark.parametrize("kept", [True, False], ids=["its id is known", "its id is lost"])
def test_rule_11_a_marker_that_is_gone_is_planted_anew_on_request(kept: bool) -> None:
    """It carries our uuid and the table's epoch, its id is kept, and nothing is doubted any more (rule R11)."""
    world = World()
    old = world.stack.marker_id
    assert old is not None
    world.servers.remove_key(old)
    if not kept:
        world.services.stack.write(replace(world.stack, marker_id=None), world.stack)
    assert "no marker" in (doubt(world.services, world.clock.now()) or "")
    planted = accept_restore(world.services, plant_marker=True)
    assert planted.marker_id not in {None, old}
    assert marker_epoch(world) == world.stack.epoch == planted.epoch
    assert doubt(world.services, world.clock.now()) is None
    assert world.order().instance.status is Status.REQUESTED


def test_without_the_request_no_marker_is_planted() -> None:
    """A missing marker may mean the wrong project: it is never made in passing."""
    world = World()
    assert world.stack.marker_id is not None
    world.servers.remove_key(world.stack.marker_id)
    doubt(world.services, world.clock.now())
    accept_restore(world.services, plant_marker=False)
    assert world.servers.project.keys == {}


def test_planting_beside_our_own_marker_keeps_it_and_mends_its_label() -> None:
    """A label that cannot be read is written anew; no second marker is made."""
    world = World()
    marker_id = world.stack.marker_id
    assert marker_id is not None
    key = world.servers.project.keys[marker_id]
    shown = {name: value for name, value in key.labels.items() if name != labels.EPOCH}
    world.servers.project.keys[marker_id] = replace(key, labels=shown)
    assert doubt(world.services, world.clock.now()) is not None
    accept_restore(world.services, plant_marker=True)
    assert list(world.servers.project.keys) == [marker_id]
    assert doubt(world.services, world.clock.now()) is None


def test_o5_a_marker_of_another_stack_is_never_touched() -> None:
    """Whatever the request says, it is refused, and nothing changes here or there (row O5)."""
    world = World()
    marker_id = world.stack.marker_id
    assert marker_id is not None
    key = world.servers.project.keys[marker_id]
    theirs = labels.marker_labels(stack="99999999-2222-3333-4444-555555555555", epoch=3)
    world.servers.project.keys[marker_id] = replace(key, labels=theirs)
    before, keys = world.stack, dict(world.servers.project.keys)
    with pytest.raises(NoMarker):
        accept_restore(world.services, plant_marker=True)
    assert (world.stack, world.servers.project.keys) == (before, keys)


@pytest.mark.parametrize("method", ["read_marker", "plant_marker"])
def test_a_provider_without_an_answer_thaws_nothing(method: str) -> None:
    """The error comes through, and the freeze is as it was; a repeat goes through."""
    world = World()
    restored(world)
    assert world.stack.marker_id is not None
    world.servers.remove_key(world.stack.marker_id)
    world.servers.fail_next(ProviderUnknown("timed out"), method)
    with pytest.raises(ProviderUnknown):
        accept_restore(world.services, plant_marker=True)
    assert world.stack.frozen is not None
    assert accept_restore(world.services, plant_marker=True).frozen is None
    assert doubt(world.services, world.clock.now()) is None
    assert world.stack.marker_state is MarkerState.OURS


def test_a_lost_answer_to_planting_leads_to_the_same_marker() -> None:
    """Asked again, the one that was made is adopted."""
    world = World()
    assert world.stack.marker_id is not None
    world.servers.remove_key(world.stack.marker_id)
    world.servers.lose_next("plant_marker")
    with pytest.raises(ProviderUnknown):
        accept_restore(world.services, plant_marker=True)
    accept_restore(world.services, plant_marker=True)
    assert list(world.servers.project.keys) == [world.stack.marker_id]

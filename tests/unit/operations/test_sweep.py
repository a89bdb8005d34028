"""The sweep: servers first, rows second, doubt before every delete, and a dry run that changes nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib.domain import labels
from chalicelib.domain.errors import CccError, ProviderUnknown, ServerProtected, StoreUnavailable
from chalicelib.domain.instance import Status
from chalicelib.domain.orphans import ServerFact
from chalicelib.operations.logbook import Logbook
from chalicelib.operations.marker import doubt
from chalicelib.operations.ports import Run, RunState
from chalicelib.operations.request_reap import new_run
from chalicelib.operations.sweep import sweep
from chalicelib.storage.stack import StoredStack
from chalicelib.storage.table import Item
from tests.unit.domain.samples import HOUR, MACHINE, MINUTE, TEN, an_instance
from tests.unit.operations.between import Between
from tests.unit.operations.world import World

QUARTER = 15 * MINUTE


def orphan(world: World, number: int = 1, **changes: Any) -> ServerFact:
    """A server with all our labels that no row owns, an hour old."""
    instance_id = f"{number:012x}"
    fact = ServerFact(
        server_id=90_000 + number,
        name=labels.server_name(instance_id),
        labels=labels.server_labels(stack=world.stack.uuid, instance_id=instance_id),
        created_at=world.clock.now() - HOUR,
        status="running",
        ip="198.18.9.9",
    )
    world.servers.add(replace(fact, **changes))
    return world.servers.project.servers[fact.server_id]


def swept(world: World, **changes: Any) -> Run:
    """One sweep with all the time it wants."""
    return sweep_of(world, replace(new_run(world.services), **changes))


def sweep_of(world: World, run: Run, left: float = 60.0) -> Run:
    """What becomes of a run in a sweep."""
    book = Logbook(world.services.runs, run)
    sweep(world.services, book, left=lambda: left)
    return book.run


def twice(world: World, **changes: Any) -> Run:
    """The second of two sweeps that are far enough apart."""
    swept(world)
    world.clock.advance(QUARTER)
    return swept(world, **changes)


def deleted(run: Run) -> list[int | None]:
    """The servers that a run deleted."""
    return [entry.server_id for entry in run.did if entry.what == "deleted"]


def test_an_orphan_is_seen_watched_and_deleted() -> None:
    """First sight: a note; five minutes later: nothing; a quarter of an hour after the first: deleted (rule R10)."""
    world = World()
    fact = orphan(world)
    assert deleted(swept(world)) == []
    assert list(world.services.runs.sightings()) == [fact.server_id]
    world.clock.advance(5 * MINUTE)
    assert deleted(swept(world)) == []
    world.clock.advance(10 * MINUTE)
    run = swept(world)
    assert deleted(run) == [fact.server_id]
    assert run.did[0].why == "no row owns it; seen twice, unchanged"
    assert world.servers.project.servers == {}
    assert world.alarms.events() == ["sweep.orphan_deleted"]


def test_a_sighting_is_forgotten_when_its_server_is_gone() -> None:
    """The note is thrown away with its reason."""
    world = World()
    fact = orphan(world)
    swept(world)
    world.servers.vanish(fact.server_id)
    world.clock.advance(QUARTER)
    swept(world)
    assert world.services.runs.sightings() == {}


def test_a_server_that_changed_is_seen_for_the_first_time() -> None:
    """Another label between two sights: the doubt begins anew."""
    world = World()
    fact = orphan(world)
    swept(world)
    world.servers.alter(fact.server_id, labels={**fact.labels, "note": "mine"})
    world.clock.advance(QUARTER)
    assert deleted(swept(world)) == []
    world.clock.advance(QUARTER)
    assert deleted(swept(world)) == [fact.server_id]


def test_living_instances_are_left_alone() -> None:
    """Machines of every living status are kept, however often it is swept."""
    world = World()
    world.running(24)
    world.installing()
    for _ in range(3):
        world.clock.advance(QUARTER)
        assert deleted(swept(world)) == []
    assert len(world.servers.project.servers) == 2


def test_p13_a_late_create_of_a_dead_row_is_swept() -> None:
    """A server that was born after its row had ended is removed (rows P13, P14)."""
    world = World()
    row = world.put(an_instance(Status.DELETED, machine=None))
    orphan(world, int(row.id, 16))
    assert deleted(twice(world)) == [90_000 + int(row.id, 16)]


def test_o5_o6_foreign_servers_are_invisible() -> None:
    """Other stacks' and unlabelled servers are not even listed (rows O5, O6)."""
    world = World()
    orphan(world, 1, labels={})
    orphan(world, 2, labels=labels.server_labels(stack="another", instance_id=f"{2:012x}"))
    run = twice(world)
    assert (run.servers, deleted(run)) == (0, [])
    assert len(world.servers.project.servers) == 2


def test_o7_copied_labels_do_not_make_a_server_ours() -> None:
    """Our labels under the operator's own name: shown in the record, never deleted (row O7)."""
    world = World()
    orphan(world, 1, name="db-1")
    run = twice(world)
    assert deleted(run) == []
    assert run.skipped[0].why.endswith("not ours to judge")


def test_servers_are_listed_before_rows_are_read() -> None:
    """A row that is written after the list has been made protects its server."""
    world = World()
    row = an_instance(Status.CREATING, machine=None)
    orphan(world, int(row.id, 16))
    swept(world)
    world.clock.advance(QUARTER)
    servers: Any = Between(world.servers, "listed", lambda: world.put(row), after=True)
    world.services = replace(world.services, servers=servers)
    assert deleted(swept(world)) == []
    assert len(world.servers.project.servers) == 1


def test_a_fresh_look_comes_before_every_delete() -> None:
    """What has changed or gone since the list is not deleted."""
    world = World()
    one, two = orphan(world, 1), orphan(world, 2)
    swept(world)
    world.clock.advance(QUARTER)

    def change() -> None:
        world.servers.alter(one.server_id, labels={**one.labels, "note": "mine"})
        world.servers.vanish(two.server_id)

    servers: Any = Between(world.servers, "listed", change, after=True)
    world.services = replace(world.services, servers=servers)
    run = swept(world)
    assert deleted(run) == []
    assert [(entry.what, entry.why) for entry in run.skipped] == [("left alone", "changed since it was listed")] * 2


def test_o1_a_list_that_fails_deletes_nothing() -> None:
    """Any error of the list aborts the sweep (row O1)."""
    world = World()
    orphan(world)
    swept(world)
    world.clock.advance(QUARTER)
    world.servers.fail_next(ProviderUnknown("page 2"), "listed")
    with pytest.raises(ProviderUnknown):
        swept(world)
    assert len(world.servers.project.servers) == 1


def test_z4_without_the_rows_nothing_is_deleted() -> None:
    """A store that does not answer while rows are read aborts the sweep (row Z4)."""
    world = World()
    orphan(world)
    swept(world)
    world.clock.advance(QUARTER)

    def refuse(_: str) -> None:
        raise StoreUnavailable("down")

    instances: Any = Between(world.services.instances, "get", lambda: refuse(""))
    world.services = replace(world.services, instances=instances)
    with pytest.raises(StoreUnavailable):
        swept(world)
    assert len(world.servers.project.servers) == 1


def test_i28_a_row_of_another_release_protects_its_server() -> None:
    """What this release cannot read it does not judge (rule R22, invariant 28)."""
    world = World()
    row = an_instance(Status.RUNNING, machine=replace(MACHINE, server_id=1))
    fact = orphan(world, int(row.id, 16))
    world.table.put(Item(key=f"instance#{row.id}", body={"schema": 99}))
    run = twice(world)
    assert deleted(run) == []
    assert (run.skipped[0].server_id, run.skipped[0].why) == (fact.server_id, "its row is of another release")


@pytest.mark.parametrize(("servers", "acted"), [(3, 3), (4, 0)])
def test_o9_too_many_orphans_are_a_sign_of_our_own_mistake(servers: int, acted: int) -> None:
    """Three are deleted; four of four are more than the cap: none is, and somebody is told (row O9)."""
    world = World()
    for number in range(servers):
        orphan(world, number)
    run = twice(world)
    assert len(deleted(run)) == acted
    assert (run.frozen is None) is (acted > 0)
    assert ("sweep.too_many" in world.alarms.events()) is (acted == 0)


def test_too_many_losses_hold_the_orphans_back_too() -> None:
    """Whatever there is too much of, nothing at all is done in that run, and a dry run says so as well (rule R12)."""
    world = World()
    one = orphan(world, 1)
    for row in [world.running(24) for _ in range(4)]:
        assert row.machine is not None
        world.servers.vanish(row.machine.server_id)
    assert swept(world, dry_run=True).frozen is not None
    run = twice(world)
    assert run.frozen is not None
    assert deleted(run) == []
    assert one.server_id in world.servers.project.servers
    assert ("held back", "too many at once") in {(entry.what, entry.why) for entry in run.skipped}


@pytest.mark.parametrize(("confirm", "acted"), [(0, 0), (2, 2), (5, 4)])
def test_o9_a_confirmed_run_acts_on_at_most_so_many(confirm: int, acted: int) -> None:
    """The operator lifts the cap for one run, up to a number (row O9)."""
    world = World()
    for number in range(4):
        orphan(world, number)
    assert len(deleted(twice(world, confirm=confirm))) == acted
    assert len(world.servers.project.servers) == 4 - acted


def test_a_delete_that_fails_is_told_and_the_others_go_on() -> None:
    """One protected orphan does not protect the next."""
    world = World()
    one, two = orphan(world, 1), orphan(world, 2)
    world.servers.protect(one.server_id)
    run = twice(world)
    assert deleted(run) == [two.server_id]
    assert run.errors == (f"server {one.server_id}: {ServerProtected.code}",)


def test_a_sweep_stops_when_its_time_is_over() -> None:
    """With no time left no delete is begun (row R12)."""
    world = World()
    orphan(world)
    swept(world)
    world.clock.advance(QUARTER)
    assert deleted(sweep_of(world, new_run(world.services), 0.0)) == []


def test_every_sweep_raises_the_epoch_of_table_and_marker() -> None:
    """The table counts first, the marker follows (rule R11)."""
    world = World()
    epoch, marker_id = world.stack.epoch, world.stack.marker_id
    assert marker_id is not None
    for step in (1, 2):
        swept(world)
        assert world.stack.epoch == epoch + step
        assert world.servers.project.keys[marker_id].labels[labels.EPOCH] == str(epoch + step)


def test_the_table_counts_before_the_marker() -> None:
    """A sweep that dies between the two leaves a table that is ahead, never a marker that is."""
    world = World()
    world.servers.fail_next(ProviderUnknown("timed out"), "raise_epoch")
    epoch = world.stack.epoch
    with pytest.raises(ProviderUnknown):
        swept(world)
    assert world.stack.epoch == epoch + 1
    world.clock.advance(QUARTER)
    assert swept(world).frozen is None


def test_r18_a_restored_table_freezes_the_sweep() -> None:
    """A table that has counted less than the marker was restored: nothing is swept, and an alarm says why (row R18)."""
    world = World()
    backup = world.stack
    orphan(world)
    swept(world)
    world.table.delete("stack")
    world.services.stack.write(backup, None)
    world.clock.advance(QUARTER)
    run = swept(world)
    assert run.frozen is not None
    assert "restored" in run.frozen
    assert "stack.frozen" in world.alarms.events()
    assert len(world.servers.project.servers) == 1


def test_o12_in_the_wrong_project_nothing_is_looked_at() -> None:
    """No marker: the sweep is refused before it lists anything (row O12)."""
    world = World()
    world.servers.use_token("another project's")
    run = swept(world)
    assert run.frozen is not None
    assert "listed" not in [method for method, _ in world.servers.calls]
    assert world.alarms.events() == ["sweep.refused"]


def test_on_a_wrong_clock_nothing_is_swept() -> None:
    """A clock that the provider contradicts makes every age a guess (rule R9)."""
    world = World()
    orphan(world)
    swept(world)
    world.clock.advance(QUARTER)
    world.servers.skew = timedelta(hours=1)
    run = swept(world)
    assert (run.frozen is not None, deleted(run)) == (True, [])


def shot(world: World) -> dict[str, object]:
    """Everything in the table and at the provider."""
    return {
        "items": dict(world.table._items),
        "counters": dict(world.table._counters),
        "servers": dict(world.servers.project.servers),
        "keys": dict(world.servers.project.keys),
    }


def test_a_dry_run_changes_nothing() -> None:
    """With orphans to watch and to delete and a lost machine, table and project stay as they are, byte for byte."""
    world = World()
    orphan(world, 1)
    lost = world.running(24)
    assert lost.machine is not None
    world.servers.vanish(lost.machine.server_id)
    swept(world)
    world.clock.advance(QUARTER)
    orphan(world, 2)
    # a marker's answer is kept for a minute: it is fresh here, so that the sweep itself is what is compared
    doubt(world.services, world.clock.now())
    before = shot(world)
    run = sweep_of(world, new_run(world.services, dry_run=True))
    assert shot(world) == before
    assert [entry.what for entry in run.did] == ["would delete", "would declare lost"]
    assert run.did[1].why == "two 404s, the marker answering"
    assert {method for method, _ in world.servers.calls[-3:]} == {"listed", "get"}


def test_a_dry_run_says_what_a_run_does() -> None:
    """The servers that a dry run names are those that the run deletes."""
    world = World()
    for number in range(3):
        orphan(world, number)
    named = twice(world, dry_run=True)
    run = swept(world)
    assert [entry.server_id for entry in named.did] == deleted(run)


def test_i20_beyond_the_longest_life_a_servers_row_does_not_protect_it() -> None:
    """A machine whose row says it runs for ever is removed after the hard cap, under the same doubt (rule R13)."""
    world = World()
    row = world.running()
    for_ever = replace(row, expires_at=datetime(2099, 1, 1, tzinfo=TEN.tzinfo), due_at=None, notices=())
    world.services.instances.write(for_ever, before=row)
    world.clock.advance(167 * HOUR)
    assert deleted(twice(world)) == []
    world.clock.advance(2 * HOUR)
    assert row.machine is not None
    assert deleted(twice(world)) == [row.machine.server_id]
    assert world.servers.project.servers == {}


def test_a_finished_run_is_not_this_verbs_to_judge() -> None:
    """A sweep hands back the run it was given, grown, in the state it had."""
    run = swept(World(), state=RunState.RUNNING)
    assert run.state is RunState.RUNNING


def test_an_error_of_one_delete_is_kept_with_its_code() -> None:
    """The record names the server and the error's code, not its words."""
    world = World()
    fact = orphan(world)
    swept(world)
    world.clock.advance(QUARTER)
    world.servers.fail_next(CccError("secret words"), "delete")
    assert swept(world).errors == (f"server {fact.server_id}: error",)


def test_others_who_write_the_stack_do_not_fail_a_sweep() -> None:
    """Somebody keeps a marker's answer between the sweep's read and its count: it counts on what they left."""
    world = World()
    epoch = world.stack.epoch
    stack: Any = Between(world.services.stack, "write", lambda: _touch(world), nth=2)
    plain, world.services = world.services, replace(world.services, stack=stack)
    run = swept(world)
    world.services = plain
    assert (run.frozen, world.stack.epoch) == (None, epoch + 1)


def _touch(world: World) -> None:
    """Write the stack item without a change."""
    plain = StoredStack(world.table)
    state = plain.get()
    assert state is not None
    plain.write(state, state)

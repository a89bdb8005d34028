"""Why this one was deleted, and why not that one: every kind of machine has an answer that can be looked up."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from chalicelib.domain import labels
from chalicelib.domain.audit import Deed
from chalicelib.domain.orphans import ServerFact
from chalicelib.operations.deprovision import deprovision
from chalicelib.operations.ports import RunState
from chalicelib.operations.request_reap import new_run, request_reap
from chalicelib.operations.why import RUNS, of_instance, of_server
from tests.unit.domain.samples import HOUR, MINUTE
from tests.unit.operations.world import World

SECOND = timedelta(seconds=1)


def add_server(world: World, server_id: int, instance_id: str, **changes: object) -> None:
    """A server with all our labels, made now."""
    fact = ServerFact(
        server_id=server_id,
        name=labels.server_name(instance_id),
        labels=labels.server_labels(stack=world.stack.uuid, instance_id=instance_id),
        created_at=world.clock.now(),
        status="running",
        ip="198.18.9.9",
    )
    world.servers.add(replace(fact, **changes))  # type: ignore[arg-type]  # a field of the fact each


def sweeps(world: World, times: int) -> None:
    """So many runs, a quarter of an hour apart."""
    for _ in range(times):
        world.reap()
        world.clock.advance(15 * MINUTE)


def test_every_kind_of_machine_has_its_answer() -> None:
    """Living, over, given back, an orphan old and young, one with copied labels, and one that was never listed."""
    world = World()
    living, over, released = world.running(24), world.running(1), world.running(24)
    add_server(world, 501, "a" * 12)
    add_server(world, 502, living.id, name="db-main")
    deprovision(world.services, released.id)
    sweeps(world, 8)
    add_server(world, 503, "b" * 12)
    world.reap()
    assert living.machine is not None
    assert over.machine is not None
    assert over.expires_at is not None
    until = f"{living.expires_at:%Y-%m-%dT%H:%M:%SZ}"
    over_at = f"{over.expires_at:%Y-%m-%dT%H:%M:%SZ}"
    seen = f"A run saw its server last at {world.services.runs.newest(1)[0].requested_at:%Y-%m-%dT%H:%M:%SZ}."
    answer = f"It lives until {until}: its row owns it (running). {seen}"
    assert of_instance(world.services, living.id).answer == answer
    assert of_server(world.services, living.machine.server_id).answer == of_instance(world.services, living.id).answer
    for found in (of_instance(world.services, over.id), of_server(world.services, over.machine.server_id)):
        assert found.answer == f"It is gone (deleted): its time was over ({over_at})."
        assert found.told[0].entry.what == "ended"
    assert of_instance(world.services, released.id).answer == (
        "It is gone (deleted): its owner or the operator ended it."
    )
    gone = of_server(world.services, 501)
    assert gone.answer.endswith("deleted: no row owns it; seen twice, unchanged.")
    assert [each.did for each in gone.audit] == [Deed.ORPHAN_DELETED]
    assert of_server(world.services, 503).answer.endswith("left alone: it is younger than half an hour.")
    drifted = of_server(world.services, 502)
    assert drifted.answer.endswith("left alone: its name and labels do not agree: not ours to judge.")
    assert drifted.told[0].times == 9
    assert (drifted.instance, drifted.audit) == (None, ())
    assert of_server(world.services, 999).answer.startswith("Nothing is known of it")
    assert of_instance(world.services, "c" * 12).answer.startswith("Nothing is known of it")


def test_an_end_that_does_not_come_says_what_stands_in_its_way() -> None:
    """Its server was renamed: it is ending since its time was over, and the last run says why it is still there."""
    world = World()
    row = world.running(1)
    assert row.machine is not None
    world.servers.alter(row.machine.server_id, name="renamed")
    world.clock.advance(3 * HOUR)
    world.reap()
    answer = of_instance(world.services, row.id).answer
    assert answer.startswith("It is ending: its time was over")
    assert "the server of its id does not carry its name and labels" in answer


def test_a_dry_run_did_nothing_and_is_no_answer() -> None:
    """What it would have done is not told as done; what it saw and left alone is told, for nobody has seen more."""
    world = World()
    add_server(world, 501, "a" * 12)
    sweeps(world, 3)
    add_server(world, 502, "b" * 12)
    request_reap(world.services, dry_run=True, confirm=None)
    world.follow_nudges()
    assert {each.entry.what for each in of_server(world.services, 501).told} == {"left alone"}
    assert of_server(world.services, 502).answer.endswith("left alone: it is younger than half an hour.")


def test_dry_runs_do_not_push_out_what_was_done() -> None:
    """However many dry runs somebody asks for, a deletion of before is still told with its reason."""
    world = World()
    add_server(world, 501, "a" * 12)
    sweeps(world, 4)
    for number in range(2 * RUNS + 10):
        run = new_run(world.services, dry_run=True)
        world.services.runs.save(replace(run, id=f"{run.id}-{number}", state=RunState.DONE))
        world.clock.advance(SECOND)
    found = of_server(world.services, 501)
    assert found.answer.endswith("deleted: no row owns it; seen twice, unchanged.")
    assert found.runs == 2 * RUNS + 10 + 4


def test_the_audit_knows_a_deleted_orphan_when_its_run_is_far_back() -> None:
    """By its number and by the name on its label: it was deleted, and when; a number that no label named too."""
    world = World()
    add_server(world, 501, "a" * 12)
    sweeps(world, 4)
    run = next(run for run in world.services.runs.newest(10) if any(each.server_id == 501 for each in run.did))
    for number in range(RUNS):
        after = new_run(world.services)
        world.services.runs.save(replace(after, id=f"{after.id}-{number}", state=RunState.DONE))
        world.clock.advance(SECOND)
    told = f"A sweep deleted it at {run.started_at:%Y-%m-%dT%H:%M:%SZ} (server 501): no row owns it."
    by_number, by_name = of_server(world.services, 501), of_instance(world.services, "a" * 12)
    assert (by_number.answer, by_name.answer) == (told, told)
    assert by_number.told == ()
    assert [each.did for each in by_number.audit] == [Deed.ORPHAN_DELETED]


def test_of_what_is_not_known_nothing_is_sworn() -> None:
    """An unknown number may be one that was deleted long ago: no answer says that it never was."""
    answer = of_server(World().services, 999).answer
    assert answer.startswith("Nothing is known of it")
    assert "never" not in answer

"""Why this one was deleted, and why not that one: every kind of machine has an answer that can be looked up."""

from __future__ import annotations

from dataclasses import replace

from chalicelib.domain import labels
from chalicelib.domain.audit import Deed
from chalicelib.domain.orphans import ServerFact
from chalicelib.operations.deprovision import deprovision
from chalicelib.operations.request_reap import request_reap
from chalicelib.operations.why import of_instance, of_server
from tests.unit.domain.samples import HOUR, MINUTE
from tests.unit.operations.world import World


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
    assert of_instance(world.services, living.id).answer == f"It lives until {until}: its row owns it (running)."
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

"""What is said of a machine that a row believes in and no run has found: since when, and what follows or holds it."""

from __future__ import annotations

from dataclasses import replace

from chalicelib.domain.reasons import LEFT_ALONE, Reason
from chalicelib.operations.ports import RunEntry, RunState
from chalicelib.operations.request_reap import request_reap
from chalicelib.operations.why import of_instance, of_server
from chalicelib.storage.long_runs import MOST_SKIPPED
from tests.unit.domain.samples import MINUTE
from tests.unit.operations.world import World


def test_a_server_deleted_by_hand_is_told_as_missing_with_what_follows() -> None:
    """Before a sweep looks nobody knows; after it the answer says since when, and what comes when; then it is over."""
    world = World()
    row = world.running(24)
    assert row.machine is not None
    server = row.machine.server_id
    assert of_server(world.services, server).answer.endswith(f"No run has named server {server} yet.")
    world.servers.vanish(server)
    since = world.clock.now()
    world.reap()
    for found in (of_instance(world.services, row.id), of_server(world.services, server)):
        assert found.answer == (
            f"Its machine is missing: at {since:%Y-%m-%dT%H:%M:%SZ} the provider knew no server {server} any more. The "
            f"first sweep from {since + 5 * MINUTE:%Y-%m-%dT%H:%M:%SZ} on asks for it once more (sweeps come every "
            "quarter of an hour). Is it gone then too, the instance ends as lost: the hours that nobody will be billed "
            "for are given back, and its guest gets a mail. Is it there, it lives on until "
            f"{row.expires_at:%Y-%m-%dT%H:%M:%SZ}."
        )
    world.clock.advance(5 * MINUTE)
    world.reap()
    world.tick()
    answer = of_instance(world.services, row.id).answer
    assert answer == "It is gone (deleted): its machine was gone at the provider."


def test_a_missing_machine_that_runs_may_not_end_says_what_holds_them_back() -> None:
    """A 404 that is not believed a second time, and too many machines gone at once, stand in the answer."""
    world = World()
    rows = [world.running(24) for _ in range(4)]
    machines = [row.machine for row in rows if row.machine is not None]
    world.servers.vanish(machines[0].server_id)
    world.reap()
    world.clock.advance(MINUTE)
    world.reap()
    answer = of_instance(world.services, rows[0].id).answer
    assert answer.startswith("Its machine is missing")
    assert answer.endswith(") left alone: missing for less than five minutes.")
    request_reap(world.services, dry_run=True, confirm=None)
    world.follow_nudges()
    answer = of_instance(world.services, rows[0].id).answer
    assert answer.endswith(") left alone: missing for less than five minutes."), "a dry run after it changes nothing"
    for machine in machines[1:]:
        world.servers.vanish(machine.server_id)
    world.clock.advance(15 * MINUTE)
    world.reap()
    for row in rows:
        assert "did nothing about servers: too many at once (0 orphans, 4 missing machines)." in (
            of_instance(world.services, row.id).answer
        )


def test_a_record_that_had_no_room_is_no_proof_that_nobody_has_seen_a_server() -> None:
    """A run keeps some hundred of what was left alone: of the others it is said that they may be among the rest."""
    world = World()
    row = world.running(24)
    assert row.machine is not None
    server = row.machine.server_id
    seen = [RunEntry(what=LEFT_ALONE, server_id=number, why=Reason.OWNED) for number in range(MOST_SKIPPED + 5)]
    asked = request_reap(world.services, dry_run=False, confirm=None)
    world.nudge.take()
    world.services.runs.save(replace(asked, state=RunState.DONE, skipped=tuple(seen)))
    told = of_server(world.services, server).answer
    assert told.endswith(f"The records of the last runs do not name every server that is owned: not {server} either.")

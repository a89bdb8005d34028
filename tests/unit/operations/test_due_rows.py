"""Due rows in a run's record: what a dry run foretells is what the run then does, row by row."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain import labels
from chalicelib.domain.instance import Status
from chalicelib.domain.orphans import ServerFact
from chalicelib.domain.reasons import Act, said
from chalicelib.operations.deprovision import deprovision
from chalicelib.operations.due_rows import serve_due_rows
from chalicelib.operations.logbook import Logbook
from chalicelib.operations.ports import Run, RunEntry
from chalicelib.operations.reap import carry_out
from chalicelib.operations.request_reap import new_run
from chalicelib.storage.table import Item
from tests.unit.domain.samples import HOUR, MINUTE
from tests.unit.operations.guests import asked
from tests.unit.operations.run_reasons import KNOWN, reasons_of
from tests.unit.operations.world import World


def add_orphans(world: World, orphans: int) -> None:
    """So many servers with all our labels that no row owns, an hour old."""
    for number in range(orphans):
        instance_id = f"{number:012x}"
        shown = labels.server_labels(stack=world.stack.uuid, instance_id=instance_id)
        fact = ServerFact(
            server_id=90_000 + number,
            name=labels.server_name(instance_id),
            labels=shown,
            created_at=world.clock.now() - HOUR,
            status="running",
            ip="198.18.9.9",
        )
        world.servers.add(fact)


def busy(*, orphans: int = 2) -> World:
    """A world in which a run has everything to do: ends of every kind, duties, orphans, a loss, hindrances."""
    world = World(max_live=30)
    released, lost, back = world.running(24), world.running(24), world.running(24)
    wish = asked(world)
    over = [world.running() for _ in range(3)]
    for row in (lost, back):
        assert row.machine is not None
        world.services.instances.write(replace(row, missing_since=world.clock.now()), before=row)
    assert lost.machine is not None
    world.servers.vanish(lost.machine.server_id)
    add_orphans(world, orphans)
    carry_out(world.services, new_run(world.services), left=lambda: 60.0)
    world.clock.advance(2 * HOUR)
    world.nudge.deaf = True
    deprovision(world.services, released.id)
    protected = over[0]
    assert protected.machine is not None
    world.servers.alter(protected.machine.server_id, name="renamed")
    held = world.held(over[1].id)
    world.services.instances.delay(held.id, world.clock.now())
    world.order()
    assert world.row(wish.id).status is Status.UNCONFIRMED
    world.table.put(Item(key="instance#" + "e" * 12, body={"schema": 99}, due_queue="delete", due_at=1))
    return world


def run_of(world: World, **changes: Any) -> Run:
    """One whole run."""
    return carry_out(world.services, replace(new_run(world.services), **changes), left=lambda: 60.0)


def foretold(entries: tuple[RunEntry, ...]) -> list[RunEntry]:
    """What was done, in the words of a dry run."""
    words = {said(act, dry_run=False): said(act, dry_run=True) for act in Act}
    return [replace(entry, what=words.get(entry.what, entry.what)) for entry in entries]


@pytest.mark.parametrize("orphans", [0, 2, 3, 5])
@pytest.mark.parametrize("confirm", [None, 1, 4])
def test_a_run_does_what_a_dry_run_on_the_same_world_said(orphans: int, confirm: int | None) -> None:
    """Ends, duties, orphans and losses: the `would …` list is the `did` list, entry for entry, and so is the freeze."""
    world = busy(orphans=orphans)
    before = run_of(world, dry_run=True, confirm=confirm)
    after = run_of(world, confirm=confirm)
    assert list(before.did) == foretold(after.did)
    assert before.errors == after.errors
    assert before.frozen == after.frozen
    assert after.did


def test_both_runs_give_known_reasons_only() -> None:
    """Every reason of a busy run, dry or not, can be looked up."""
    world = busy()
    for dry_run in (True, False):
        run = run_of(world, dry_run=dry_run)
        assert reasons_of(run) <= KNOWN
        assert len(reasons_of(run)) > 6


def test_why_a_row_has_not_ended_is_in_the_record() -> None:
    """Held by another, not ours any more: each is named with its reason, and the others end."""
    world = busy()
    run = run_of(world)
    ended = [entry for entry in run.did if entry.what == "ended"]
    assert {entry.why.split(" (")[0] for entry in ended} == {
        "its time was over",
        "its owner or the operator ended it",
    }
    left = {entry.why.split(" (")[0] for entry in run.skipped if entry.instance_id and entry.what == "left alone"}
    assert {"another worker holds it", "the server of its id does not carry its name and labels"} <= left
    assert run.errors == ("eeeeeeeeeeee: unknown_schema",)


def test_a_run_without_time_says_so() -> None:
    """Nothing is begun when the time is over, and the record does not look as if there was nothing to do."""
    world = World()
    row = world.running()
    world.clock.advance(3 * HOUR)
    book = Logbook(world.services.runs, new_run(world.services))
    serve_due_rows(world.services, book, left=lambda: 0.0)
    assert [entry.why for entry in book.run.skipped] == ["this run's time was over"]
    assert world.row(row.id).status is Status.RUNNING


def test_a_refused_delete_is_in_the_record_as_not_yet_done() -> None:
    """Locked at the provider: the record says that it is tried again, and the next run that it has ended."""
    world = World()
    row = world.running()
    world.clock.advance(2 * HOUR)
    assert row.machine is not None
    world.servers.lock(row.machine.server_id)
    first = run_of(world)
    assert next((entry.what, entry.why) for entry in first.skipped if entry.instance_id == row.id) == (
        "left alone",
        "it is tried again",
    )
    world.clock.advance(MINUTE)
    assert [entry.what for entry in run_of(world).did] == ["ended"]


def test_a_dry_run_counts_without_what_would_have_ended_by_then() -> None:
    """Four orphans are a fifth of twenty-four servers and too many of fourteen: what ends first decides the cap."""
    world = World(max_live=30)
    for number in range(20):
        world.running(24 if number < 10 else 1, after=MINUTE)
    add_orphans(world, 4)
    run_of(world)
    world.clock.advance(3 * HOUR)
    before, after = run_of(world, dry_run=True), run_of(world)
    assert after.frozen is not None
    assert before.frozen == after.frozen
    assert list(before.did) == foretold(after.did)


def test_a_dry_run_misses_no_machine_of_an_instance_that_would_have_ended() -> None:
    """Its time is over and its server is gone: it would end, and is not noted as missing on top."""
    world = World()
    row = world.running()
    assert row.machine is not None
    world.servers.vanish(row.machine.server_id)
    world.clock.advance(3 * HOUR)
    before, after = run_of(world, dry_run=True), run_of(world)
    assert [entry.what for entry in before.did] == ["would end"]
    assert list(before.did) == foretold(after.did)

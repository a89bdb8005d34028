"""Ask for a run: its record is there before anybody works on it."""

from __future__ import annotations

import re

import pytest

from chalicelib.domain.audit import Deed
from chalicelib.operations.ports import RunState
from chalicelib.operations.request_reap import new_run, request_reap
from tests.unit.domain.samples import MINUTE, TEN
from tests.unit.operations.world import World


def test_the_record_comes_first_and_a_nudge_carries_it_out() -> None:
    """The answer is the run as it was kept, and nothing has been looked at yet."""
    world = World()
    run = request_reap(world.services, dry_run=True, confirm=3)
    assert world.services.runs.get(run.id) == run
    assert (run.state, run.dry_run, run.confirm, run.requested_at) == (RunState.REQUESTED, True, 3, TEN)
    assert world.nudge.waiting == [("reap", run.id)]
    assert world.servers.calls == []


def test_the_ids_of_runs_sort_by_time() -> None:
    """A later run has a greater id, and two of one second are two."""
    world = World()
    first, second = new_run(world.services), new_run(world.services)
    world.clock.advance(MINUTE)
    third = new_run(world.services)
    assert re.fullmatch(r"20261102T100000-[0-9a-f]{8}", first.id)
    assert first.id != second.id
    assert max(first.id, second.id) < third.id


@pytest.mark.parametrize(
    ("dry_run", "confirm", "kind"),
    [(True, None, "dry run"), (False, None, "run"), (False, 3, "run of at most 3"), (True, 3, "dry run of at most 3")],
)
def test_the_audit_tells_a_dry_run_from_a_real_one(dry_run: bool, confirm: int | None, kind: str) -> None:
    """Who asked only to hear, and who let how much be done, is told apart by the entry alone."""
    world = World()
    run = request_reap(world.services, dry_run=dry_run, confirm=confirm)
    (entry,) = world.services.audit.of_day(TEN.date(), 10)
    assert (entry.did, entry.about) == (Deed.REAP_REQUESTED, f"{kind} {run.id}")

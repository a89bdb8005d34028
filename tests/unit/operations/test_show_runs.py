"""Show what reap runs looked at and did."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.domain.errors import NotFound
from chalicelib.operations.ports import RunPage, RunState
from chalicelib.operations.request_reap import new_run
from chalicelib.operations.show_runs import list_runs, show_run
from tests.unit.domain.samples import HOUR, MINUTE
from tests.unit.operations.world import World


def test_the_newest_runs_come_first() -> None:
    """At most as many as were asked for, and the cursor leads on to the others."""
    world = World()
    runs = []
    for _ in range(3):
        runs.append(world.reap())
        world.clock.advance(MINUTE)
    page = list_runs(world.services, limit=2)
    assert page.runs == (runs[2], runs[1])
    assert list_runs(world.services, limit=2, cursor=page.next_cursor) == RunPage(runs=(runs[0],), next_cursor=None)


def test_one_run_is_shown_by_its_id() -> None:
    """A run is what was kept of it; an unknown one is not found."""
    world = World()
    run = world.reap()
    assert show_run(world.services, run.id) == run
    with pytest.raises(NotFound):
        show_run(world.services, "20990101T000000-00000000")


@pytest.mark.parametrize(
    ("minutes", "state"), [(0, RunState.RUNNING), (15, RunState.RUNNING), (16, RunState.INTERRUPTED)]
)
def test_a_run_that_never_ended_is_shown_as_interrupted(minutes: int, state: RunState) -> None:
    """Longer than any function may take: whoever carried it out was killed; what is kept stays as it was written."""
    world = World()
    run = replace(new_run(world.services), state=RunState.RUNNING, started_at=world.clock.now())
    world.services.runs.save(run)
    world.clock.advance(minutes * MINUTE)
    assert show_run(world.services, run.id).state is state
    assert [each.state for each in list_runs(world.services, limit=5).runs] == [state]
    assert world.services.runs.get(run.id) == run


def test_a_run_that_ended_long_ago_stays_what_it_was() -> None:
    """Only a run without an end is called interrupted."""
    world = World()
    run = world.reap()
    world.clock.advance(48 * HOUR)
    assert show_run(world.services, run.id) == run

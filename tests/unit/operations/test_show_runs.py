"""Show what reap runs looked at and did."""

from __future__ import annotations

import pytest

from chalicelib.domain.errors import NotFound
from chalicelib.operations.show_runs import list_runs, show_run
from tests.unit.domain.samples import MINUTE
from tests.unit.operations.world import World


def test_the_newest_runs_come_first() -> None:
    """At most as many as were asked for."""
    world = World()
    runs = []
    for _ in range(3):
        runs.append(world.reap())
        world.clock.advance(MINUTE)
    assert list_runs(world.services, limit=2) == [runs[2], runs[1]]


def test_one_run_is_shown_by_its_id() -> None:
    """A run is what was kept of it; an unknown one is not found."""
    world = World()
    run = world.reap()
    assert show_run(world.services, run.id) == run
    with pytest.raises(NotFound):
        show_run(world.services, "20990101T000000-00000000")

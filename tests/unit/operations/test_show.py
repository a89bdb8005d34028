"""Show one instance with what its newest build has said."""

from __future__ import annotations

import pytest

from chalicelib.domain.build import BuildReport, Phase
from chalicelib.domain.errors import NotFound
from chalicelib.operations.show import LogTail, log, show
from tests.unit.operations.world import World


def test_before_a_build_there_is_only_the_row() -> None:
    """An order that waits has no build to show and no log."""
    world = World()
    row = world.order().instance
    shown = show(world.services, row.id)
    assert (shown.instance, shown.build) == (row, None)
    assert log(world.services, row.id) == LogTail()


def test_the_newest_attempt_that_has_spoken_is_shown() -> None:
    """While attempt 2 is not claimed the log of attempt 1 is what there is; then its own."""
    world = World()
    row = world.installing()
    world.claim(row.id)
    world.report(row.id, BuildReport(phase=Phase.SSH, log_tail="first"))
    world.fail_build(row.id)
    world.follow_nudges()
    assert log(world.services, row.id) == LogTail(number=1, text="first")
    world.claim(row.id, 2)
    world.report(row.id, BuildReport(phase=Phase.SSH, log_tail="second"), attempt=2)
    again = show(world.services, row.id).begun_again
    assert again is not None
    assert log(world.services, row.id) == LogTail(number=2, text="second", begun_again=again)
    build = show(world.services, row.id).build
    assert build is not None
    assert build.attempt == 2


@pytest.mark.parametrize("verb", [show, log])
def test_an_unknown_id_is_not_found(verb: object) -> None:
    """There is nothing to show."""
    assert callable(verb)
    with pytest.raises(NotFound):
        verb(World().services, "ffffffffffff")

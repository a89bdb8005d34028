"""How often a machine was tried to be made."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.domain.build import Cause
from chalicelib.domain.instance import Build, Failure
from chalicelib.domain.tries import tries
from tests.fakes.clock import START
from tests.fakes.services import fake_services
from tests.unit.api.world import running


@pytest.mark.parametrize(
    ("attempt", "unrun", "cause", "number"),
    [
        (1, 0, None, 1),
        (2, 0, None, 2),
        (3, 2, None, 1),
        (3, 0, Cause.DISK, 3),
        (3, 2, Cause.NO_BUILDER, 0),
    ],
    ids=["the first", "begun again", "none had run", "failed", "failed unrun"],
)
def test_an_attempt_that_never_ran_is_no_try(attempt: int, unrun: int, cause: Cause | None, number: int) -> None:
    """Only attempts that a builder worked at are counted, and the present one."""
    build = Build(attempt=attempt, started_at=START, reference="job", unrun=unrun)
    failure = None if cause is None else Failure(code=cause, message="", hint="")
    assert tries(replace(running(fake_services()), build=build, failure=failure)) == number


def test_before_the_first_attempt_there_is_no_try() -> None:
    """An order for which no job was started was not tried yet."""
    assert tries(replace(running(fake_services()), build=None)) == 0

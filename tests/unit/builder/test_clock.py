"""The shared clock, deadlines told in it, and what a stretch of work may take."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from builder.clock import Allowance, Deadline, SharedClock
from builder.pace import Pace
from builder.waiting import looks
from tests.unit.builder.world import SOON

TRIES = 20
"""Rounds in which a machine that is busy sleeps once as long as it was told."""


def off_by(clock: SharedClock) -> float:
    """How far a clock is from real time, in seconds."""
    return (clock.now() - datetime.now(UTC)).total_seconds()  # noqa: TID251 -- compared with real time


@pytest.mark.parametrize("content", [None, "", "\n", "0"])
def test_without_a_number_the_clock_is_not_shifted(tmp_path: Path, content: str | None) -> None:
    """No file, an absent one and an empty one mean real time."""
    file = tmp_path / "clock"
    if content is not None:
        file.write_text(content)
    assert abs(off_by(SharedClock(file))) < 10
    assert abs(off_by(SharedClock())) < 10


def test_the_offset_is_read_at_every_look(tmp_path: Path) -> None:
    """A clock that somebody moves is moved here at once, forwards and backwards, by fractions too."""
    file = tmp_path / "clock"
    clock = SharedClock(file)
    for offset in (7200.5, -30.0):
        file.write_text(f"{offset}\n")
        assert off_by(clock) == pytest.approx(offset, abs=10)


@pytest.mark.parametrize("content", ["soon", "nan", "inf"])
def test_a_clock_file_without_a_finite_number_is_an_error(tmp_path: Path, content: str) -> None:
    """A broken clock is not taken for real time: deadlines would lie."""
    file = tmp_path / "clock"
    file.write_text(content)
    with pytest.raises(ValueError, match=r"finite|could not convert"):
        SharedClock(file).now()


def test_an_allowance_ends_with_its_own_seconds_or_with_the_deadline() -> None:
    """Whichever is earlier counts, and it can be told which it was."""
    clock = SharedClock()
    soon = Deadline(clock, clock.now() + timedelta(seconds=500))
    assert 150 < Allowance(200, soon).left() <= 200
    assert 450 < Allowance(6000, soon).left() <= 500
    past = Allowance(6000, soon.earlier(1000))
    assert past.left() < 0
    assert past.late
    assert not Allowance(0, soon).late


def test_an_allowance_ends_when_others_see_it_end(tmp_path: Path) -> None:
    """A shared clock that is moved on by a stretch's length ends it, long before its deadline; by less it does not."""
    file = tmp_path / "clock"
    clock = SharedClock(file)
    stretch = Allowance(600, Deadline(clock, clock.now() + timedelta(minutes=45)))
    file.write_text("540")
    assert 50 < stretch.left() <= 60
    file.write_text("660")
    assert stretch.left() < 0
    assert not stretch.late


def test_looks_are_eager_first_calmer_later_and_end_in_time() -> None:
    """There is always one look, and none begins after the allowance."""
    clock = SharedClock()
    far = Deadline(clock, clock.now() + timedelta(hours=1))
    pace = Pace(poll_first=0.02, poll_longest=0.1, poll_growth=2)
    for _ in range(TRIES):
        begun = time.monotonic()
        moments = [time.monotonic() - begun for _ in looks(Allowance(0.4, far), pace)]
        assert 0.4 <= moments[-1] < SOON
        pauses = [later - earlier for earlier, later in pairwise(moments)]
        if pauses[0] < 0.06 <= max(pauses):
            break
    else:
        raise AssertionError(pauses)
    assert len(list(looks(Allowance(0, far), pace))) == 1

"""The provider's Date grows old by two clocks, each of which may stand still or be set."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.adapters.hetzner_servers.heard import LastDate

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
DATE = NOON - timedelta(minutes=7)


class Clocks:
    """Our time and the monotonic seconds, each moved by hand."""

    def __init__(self) -> None:
        self.ours = NOON
        self.seconds = 1000.0

    def wall(self) -> datetime:
        """Our time."""
        return self.ours

    def monotonic(self) -> float:
        """Seconds since something."""
        return self.seconds


def test_nothing_is_known_before_an_answer_and_after_one_without_a_date() -> None:
    """None at first, then the Date, then None again."""
    last = LastDate(None)
    assert last.read() is None
    last.note(DATE)
    assert last.read() == DATE
    last.note(None)
    assert last.read() is None


@pytest.mark.parametrize(
    ("wall", "seconds", "known"),
    [(0, 0, True), (60, 60, True), (61, 0, False), (-61, 0, False), (0, 61, False), (3600, 3600, False)],
)
def test_a_date_counts_for_a_minute_by_both_clocks(wall: int, seconds: int, known: bool) -> None:
    """A function that stood still has a young monotonic clock, a clock that was set has a young wall."""
    clocks = Clocks()
    last = LastDate(clocks.wall, clocks.monotonic)
    last.note(DATE)
    clocks.ours += timedelta(seconds=wall)
    clocks.seconds += seconds
    assert (last.read() == DATE) is known


def test_without_a_clock_of_our_own_the_monotonic_one_decides() -> None:
    """A minute, and not a second more."""
    clocks = Clocks()
    last = LastDate(None, clocks.monotonic)
    last.note(DATE)
    clocks.seconds += 60
    assert last.read() == DATE
    clocks.seconds += 1
    assert last.read() is None

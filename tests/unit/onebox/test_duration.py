"""How far a clock is told to move."""

from __future__ import annotations

from datetime import timedelta

import pytest

from onebox.duration import parse_duration


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("2h", timedelta(hours=2)),
        ("90s", timedelta(seconds=90)),
        ("1d2h", timedelta(days=1, hours=2)),
        ("1h30m", timedelta(minutes=90)),
        ("3660d", timedelta(days=3660)),
    ],
)
def test_durations_are_read_as_people_write_them(text: str, duration: timedelta) -> None:
    """Days, hours, minutes and seconds, each once, in this order."""
    assert parse_duration(text) == duration


@pytest.mark.parametrize("text", ["", "0s", "-1h", "2", "h", "2h1d", "1.5h", "2 h", "3661d", "9999999999s", "٢h", "2H"])
def test_other_texts_are_refused_with_a_sentence(text: str) -> None:
    """Nothing is guessed, the clock goes forward only, and not to where dates end."""
    with pytest.raises(ValueError, match=r"duration|clock"):
        parse_duration(text)

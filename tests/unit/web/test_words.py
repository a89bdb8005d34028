"""Moments and spans in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from chalicelib.web.words import counted, in_figures, in_words, span


def test_a_moment_is_told_in_utc() -> None:
    """Wherever the moment was written down, it is told in UTC, in words and in figures."""
    moment = datetime(2026, 11, 24, 1, 5, tzinfo=timezone(timedelta(hours=2)))
    assert in_words(moment) == "Monday, 23 November 2026, 23:05 UTC"
    assert in_figures(moment) == "2026-11-23T23:05:00Z"
    assert in_figures(moment.astimezone(UTC)) == in_figures(moment)


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (timedelta(minutes=10), "10 minutes"),
        (timedelta(minutes=60), "1 hour"),
        (timedelta(minutes=61), "1 hour and 1 minute"),
        (timedelta(hours=25, minutes=51, seconds=59), "25 hours and 51 minutes"),
        (timedelta(hours=47, minutes=59, seconds=59), "47 hours and 59 minutes"),
        (timedelta(seconds=59), "0 minutes"),
        (timedelta(seconds=-5), "0 minutes"),
    ],
)
def test_a_span_is_told_in_hours_and_minutes(length: timedelta, words: str) -> None:
    """Hours and minutes, singular where it is one; what is under a minute is left away."""
    assert span(length) == words


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (timedelta(hours=48), "2 days"),
        (timedelta(hours=48, minutes=59), "2 days"),
        (timedelta(hours=49), "2 days and 1 hour"),
        (timedelta(days=6, hours=2, minutes=30), "6 days and 2 hours"),
        (timedelta(days=30, hours=23, minutes=59), "30 days and 23 hours"),
    ],
)
def test_a_span_of_days_is_told_in_days_and_hours(length: timedelta, words: str) -> None:
    """From two days on minutes do not matter; hours are left away where there are none."""
    assert span(length) == words


@pytest.mark.parametrize(("number", "words"), [(0, "0 hours"), (1, "1 hour"), (2, "2 hours")])
def test_a_count_has_its_plural(number: int, words: str) -> None:
    """One is one, everything else is many."""
    assert counted(number, "hour") == words

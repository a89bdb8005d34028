"""Moments and spans in words, for people: English, UTC, no locale of the machine."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip

IN_DAYS_FROM_HOURS = 48
"""A span of so many hours is told in days and hours: nobody counts minutes any more, or hours by the hundred."""


def in_words(moment: datetime) -> str:
    """`Tuesday, 24 November 2026, 11:55 UTC`."""
    utc = moment.astimezone(UTC)
    return f"{DAYS[utc.weekday()]}, {utc.day} {MONTHS[utc.month - 1]} {utc.year}, {utc:%H:%M} UTC"


def in_figures(moment: datetime) -> str:
    """`2026-11-24T11:55:00Z`."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def span(length: timedelta) -> str:
    """`25 hours and 51 minutes`, from two days on `6 days and 2 hours`; what is smaller is left away."""
    minutes = max(int(length.total_seconds() // 60), 0)
    hours, minutes = divmod(minutes, 60)
    if hours >= IN_DAYS_FROM_HOURS:
        return _two_parts(hours // 24, "day", hours % 24, "hour")
    return _two_parts(hours, "hour", minutes, "minute")


def _two_parts(large: int, large_word: str, small: int, small_word: str) -> str:
    """Both counts; one that is 0 is left away, but not both."""
    parts = [counted(large, large_word)] if large else []
    if small or not large:
        parts.append(counted(small, small_word))
    return " and ".join(parts)


def counted(number: int, word: str) -> str:
    """`1 hour`, `2 hours`: for words whose plural ends in s."""
    return f"{number} {word}" if number == 1 else f"{number} {word}s"

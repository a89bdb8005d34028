"""Moments and spans in words, for people: English, UTC, no locale of the machine."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


def in_words(moment: datetime) -> str:
    """`Tuesday, 24 November 2026, 11:55 UTC`."""
    utc = moment.astimezone(UTC)
    return f"{DAYS[utc.weekday()]}, {utc.day} {MONTHS[utc.month - 1]} {utc.year}, {utc:%H:%M} UTC"


def in_figures(moment: datetime) -> str:
    """`2026-11-24T11:55:00Z`."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def span(length: timedelta) -> str:
    """`25 hours and 51 minutes`; what is under a minute is left away."""
    minutes = max(int(length.total_seconds() // 60), 0)
    hours, minutes = divmod(minutes, 60)
    parts = [counted(hours, "hour")] if hours else []
    if minutes or not hours:
        parts.append(counted(minutes, "minute"))
    return " and ".join(parts)


def counted(number: int, word: str) -> str:
    """`1 hour`, `2 hours`: for words whose plural ends in s."""
    return f"{number} {word}" if number == 1 else f"{number} {word}s"

"""Durations as people type them: `2h`, `90s`, `1d2h`, `1h30m`."""

from __future__ import annotations

import re
from datetime import timedelta

LONGEST = timedelta(days=3660)
"""Further than any test needs, and far from where dates end."""

_FORM = re.compile(r"(?:(\d{1,6})d)?(?:(\d{1,8})h)?(?:(\d{1,9})m)?(?:(\d{1,10})s)?", re.ASCII)


def parse_duration(text: str) -> timedelta:
    """The duration; ValueError with a sentence unless it is at least one second and at most `LONGEST`."""
    match = _FORM.fullmatch(text)
    if match is None or not text:
        raise ValueError("A duration is written like 2h, 90s or 1d2h30m.")
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    duration = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    if not timedelta(seconds=1) <= duration <= LONGEST:
        raise ValueError(f"The clock moves by one second at least and {LONGEST.days} days at most.")
    return duration

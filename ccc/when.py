"""Times and durations in words. What is left comes from the service, whose clock counts; no clock is read here."""

from __future__ import annotations

from datetime import UTC, datetime

MINUTE, HOUR, DAY = 60, 3600, 86400


def span(seconds: float) -> str:
    """Return a duration in its two largest units: `45 s`, `3 min 20 s`, `5 h 12 min`, `2 d 3 h`."""
    whole = max(0, int(seconds))
    for size, unit, smaller, smaller_unit in (
        (DAY, "d", HOUR, "h"),
        (HOUR, "h", MINUTE, "min"),
        (MINUTE, "min", 1, "s"),
    ):
        if whole >= size:
            rest = whole % size // smaller
            return f"{whole // size} {unit}" + (f" {rest} {smaller_unit}" if rest else "")
    return f"{whole} s"


def local_and_utc(stamp: str) -> str:
    """Return an RFC 3339 time in local time and in UTC; anything else as it is."""
    moment = _moment(stamp)
    if moment is None:
        return stamp
    local = moment.astimezone()
    return f"{local:%a %Y-%m-%d %H:%M:%S %Z} ({moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ})"


def local(stamp: str) -> str:
    """Return an RFC 3339 time as local date and time, to the minute; anything else as it is."""
    moment = _moment(stamp)
    return stamp if moment is None else f"{moment.astimezone():%a %Y-%m-%d %H:%M}"


def _moment(stamp: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(stamp)
    except ValueError:
        return None
    return moment if moment.tzinfo else None

"""A clock that stands still until a test moves it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

START = datetime(2026, 11, 23, 10, 0, 0, tzinfo=UTC)


class FakeClock:
    """Stands at `now` (aware; seconds are made whole)."""

    def __init__(self, now: datetime = START) -> None:
        self._now = now.astimezone(UTC).replace(microsecond=0)

    def now(self) -> datetime:
        """Aware UTC, whole seconds."""
        return self._now

    def advance(self, by: timedelta) -> None:
        """Move the clock; a skewed clock may also go back."""
        self._now = (self._now + by).replace(microsecond=0)

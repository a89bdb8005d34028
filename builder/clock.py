"""The job's time: the shared clock that deadlines are told in, and the real one that processes are measured by.

The shared clock is real time plus a number of seconds that somebody else keeps in a file. Other files ask here.
"""

from __future__ import annotations

import math
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path


class SharedClock:
    """Aware UTC, shifted by the seconds in `offset_file` (no file, an absent or an empty one: not shifted)."""

    def __init__(self, offset_file: Path | None = None) -> None:
        self._file = offset_file

    def now(self) -> datetime:
        """The time; ValueError when the file holds something that is not a finite number."""
        real = datetime.now(UTC)  # noqa: TID251 -- this file is the builder's clock
        return real + timedelta(seconds=self._offset())

    def _offset(self) -> float:
        if self._file is None:
            return 0.0
        try:
            value = float(self._file.read_text(encoding="ascii").strip() or 0)
        except FileNotFoundError:
            return 0.0
        if not math.isfinite(value):
            raise ValueError("the clock file must hold a finite number of seconds")
        return value


class Deadline:
    """A moment of the shared clock; a jump of that clock moves it nearer at once."""

    def __init__(self, clock: SharedClock, moment: datetime) -> None:
        self._clock = clock
        self._moment = moment

    def left(self) -> float:
        """Seconds until the moment, negative after it."""
        return (self._moment - self._clock.now()).total_seconds()

    def earlier(self, seconds: float) -> Deadline:
        """The deadline that passes so many seconds before this one."""
        return Deadline(self._clock, self._moment - timedelta(seconds=seconds))


class Allowance:
    """What one stretch of work may take: `seconds` from now, by either clock, and never past the deadline.

    By the real one, since what hangs does so on no shared clock; by the shared one, since it is what all others go by:
    where somebody moves it on, the stretch is as long as they see it.
    """

    def __init__(self, seconds: float, deadline: Deadline) -> None:
        self.seconds = seconds
        self.deadline = deadline
        self._end = time.monotonic() + seconds
        self._at_end = deadline.left() - seconds

    def left(self) -> float:
        """Seconds that are left, negative when it is used up."""
        left = self.deadline.left()
        return min(self._end - time.monotonic(), left - self._at_end, left)

    @property
    def late(self) -> bool:
        """Whether it was the deadline that passed, not this stretch's own limit."""
        return self.deadline.left() <= 0

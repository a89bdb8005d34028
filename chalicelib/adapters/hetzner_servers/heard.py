"""The Date of the newest answer, and how long it may be held against our own clock.

A function that stood still for an hour still has the Date of an hour ago, and compared with the time of now it would
tell of a clock that is an hour wrong. So it is forgotten after a minute, and a minute is over as soon as one of two
clocks says so: one of them may have stood still, or been set, meanwhile.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

KEPT = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A Date, with our time and the seconds of the monotonic clock at which it came; our time may be nobody's."""

    date: datetime
    ours: datetime | None
    seconds: float

    def still(self, ours: datetime | None, seconds: float) -> datetime | None:
        """The Date while it is at most a minute old by both clocks."""
        if seconds - self.seconds > KEPT.total_seconds():
            return None
        if ours is not None and self.ours is not None and abs(ours - self.ours) > KEPT:
            return None
        return self.date


class LastDate:
    """The Date of the newest answer; `clock` is our own time, where there is one. Usable from several threads."""

    def __init__(self, clock: Callable[[], datetime] | None, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._monotonic = monotonic
        self._heard: Heard | None = None

    def note(self, date: datetime | None) -> None:
        """Keep the Date of an answer; None: it had none, so nothing is known."""
        self._heard = None if date is None else Heard(date=date, ours=self._ours(), seconds=self._monotonic())

    def read(self) -> datetime | None:
        """The Date, or None when no answer is young enough."""
        heard = self._heard
        return None if heard is None else heard.still(self._ours(), self._monotonic())

    def _ours(self) -> datetime | None:
        return None if self._clock is None else self._clock()

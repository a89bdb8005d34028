"""The one clock of the emulator: real time plus an offset that somebody else keeps in a file.

A file that begins with `=` stops the clock at those seconds since the epoch, for whoever must not depend on how fast
this machine is. Every time the emulator tells or measures comes from here. It knows nothing of what waits for it.
"""

import asyncio
import math
import time
from datetime import UTC, datetime
from email.utils import formatdate
from pathlib import Path

_STEP = 0.05


class Clock:
    """Tells seconds since the epoch, shifted by the seconds in `offset_file` (absent or empty: 0), or as it says."""

    def __init__(self, offset_file: Path | None = None) -> None:
        self._file = offset_file
        self._seen: tuple[int, int] | None = None
        self._offset = 0.0
        self._stopped_at: float | None = None

    def now(self) -> float:
        """Return the shifted time in seconds since the epoch."""
        self._look()
        real = time.time()  # noqa: TID251 -- this file is the clock
        return real + self._offset if self._stopped_at is None else self._stopped_at

    def _look(self) -> None:
        if self._file is None:
            return
        try:
            stat = self._file.stat()
        except FileNotFoundError:
            self._seen, self._offset, self._stopped_at = None, 0.0, None
            return
        if (stat.st_mtime_ns, stat.st_ino) != self._seen:
            text = self._file.read_text(encoding="utf-8").strip()
            stopped = text.startswith("=")
            value = _number(text.removeprefix("="))
            self._offset, self._stopped_at = (0.0, value) if stopped else (value, None)
            self._seen = (stat.st_mtime_ns, stat.st_ino)

    async def sleep_until(self, moment: float) -> None:
        """Return once the shifted clock has passed `moment`; a jump of the offset wakes it within 50 ms."""
        while (left := moment - self.now()) > 0:  # noqa: ASYNC110 -- nobody tells us when the file changes
            await asyncio.sleep(min(left, _STEP))


def _number(text: str) -> float:
    value = float(text or 0)
    if not math.isfinite(value):
        raise ValueError("the clock file must hold a finite number of seconds")
    return value


def iso(moment: float) -> str:
    """Render `moment` as the API does: RFC 3339 in UTC, whole seconds."""
    return datetime.fromtimestamp(int(moment), UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")


def parse_iso(text: str) -> float:
    """Return the seconds since the epoch of an RFC 3339 time."""
    return datetime.fromisoformat(text).timestamp()


def http_date(moment: float) -> str:
    """Render `moment` as the `Date` header does."""
    return formatdate(moment, usegmt=True)

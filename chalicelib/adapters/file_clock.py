"""Real time plus an offset that a file holds, as the `Clock` port: several processes share one clock that can be moved.

The file holds a number of seconds and is replaced atomically by whoever moves the clock; absent or empty means 0. It
is read again when it is another file or has changed. Who moves it, and why, is not known here.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from pathlib import Path


class FileClock:
    """Real time plus the seconds in `path`; a file that holds anything else raises ValueError (never a guess)."""

    def __init__(self, path: Path | str) -> None:
        self._path = Path(path)
        self._read: tuple[tuple[int, int, int], float] | None = None

    def now(self) -> datetime:
        """Aware UTC, whole seconds."""
        shifted = datetime.now(UTC) + timedelta(seconds=self.offset_seconds())  # noqa: TID251 -- this file is the clock
        return shifted.replace(microsecond=0)

    def offset_seconds(self) -> float:
        """The offset in seconds as it stands in the file now."""
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return 0.0
        stamp = (status.st_mtime_ns, status.st_ino, status.st_size)
        read = self._read
        if read is None or read[0] != stamp:
            read = (stamp, _seconds(self._path))
            self._read = read
        return read[1]


def _seconds(path: Path) -> float:
    try:
        value = float(path.read_text(encoding="utf-8").strip() or 0)
    except (OverflowError, ValueError):
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"{path} must hold a finite number of seconds")
    return value

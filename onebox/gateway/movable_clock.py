"""The offset file of the one clock that gateway, builders and emulator share: reading it and moving it forward."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path

from onebox.whole_file import replace_file


class MovableClock:
    """The file at `path` holds whole seconds; absent or empty is 0. Only this class writes it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()

    def offset_seconds(self) -> int:
        """How far the clock is ahead of real time."""
        try:
            return int(float(self._path.read_text(encoding="utf-8").strip() or 0))
        except FileNotFoundError:
            return 0

    def advance(self, by: timedelta) -> int:
        """Move the clock forward, atomically for all who read it; returns the new offset in seconds."""
        with self._lock:
            offset = self.offset_seconds() + int(by.total_seconds())
            replace_file(self._path, f"{offset}\n")
            return offset

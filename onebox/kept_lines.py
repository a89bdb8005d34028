"""Keeping a child's lines in a file of bounded size: the present file and one before it.

It knows nothing of what the lines say. A disk that takes no more costs the line, never the supervisor.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

MAX_BYTES = 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptLines:
    """Lines go to `path`; when it has `max_bytes` it becomes `<path>.1`, in place of the one before."""

    path: Path
    max_bytes: int = MAX_BYTES

    def add(self, line: str) -> None:
        """Append one line, for this user's eyes alone (folder 0700, file 0600)."""
        try:
            self.path.parent.mkdir(mode=0o700, exist_ok=True)
            if self._size() >= self.max_bytes:
                self.path.replace(self.path.with_name(f"{self.path.name}.1"))
            self._append(line.encode("utf-8", "replace") + b"\n")
        except OSError:
            return

    def _size(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    def _append(self, text: bytes) -> None:
        handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "ab", buffering=0) as file:
            file.write(text)

"""The end of the log that travels with reports, and the whole of it for whoever runs the job.

Every line passes the redaction first; nothing else may write to the job's output while a build is on.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import TextIO

from chalicelib.domain.build import LOG_TAIL_CHARS

_LINE_CHARS = 500
_LINES = 200
_DOCUMENT_BYTES = 12 * 1024
"""The control plane takes 16 KiB; as JSON a character can need up to 4 bytes."""


class LogTail:
    """Keeps the last lines as `redact` lets them through and copies every one to `whole`."""

    def __init__(self, redact: Callable[[str], str | None], whole: TextIO) -> None:
        self._redact = redact
        self._whole = whole
        self._lines: deque[str] = deque(maxlen=_LINES)
        self.added = 0
        """How many lines were taken so far."""

    def add(self, raw: str) -> str | None:
        """Take one line of output, without its line end; what of it may be shown, if anything."""
        line = self._redact(raw)
        if line is None:
            return None
        self.added += 1
        self._lines.append(line[:_LINE_CHARS])
        with suppress(OSError):  # a log nobody reads any more is no reason to end a build
            self._whole.write(line[:_LINE_CHARS] + "\n")
            self._whole.flush()
        return line[:_LINE_CHARS]

    def text(self) -> str:
        """The tail: at most LOG_TAIL_CHARS characters, whole lines unless there is only one."""
        kept: list[str] = []
        room = LOG_TAIL_CHARS
        weight = _DOCUMENT_BYTES
        for line in reversed(self._lines):
            room -= len(line) + 1
            weight -= len(json.dumps(line, ensure_ascii=False).encode())
            if room < 0 or weight < 0:
                break
            kept.append(line)
        return "\n".join(reversed(kept))

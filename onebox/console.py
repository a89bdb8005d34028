"""What the person at the terminal sees: each child's lines under its name, and our own; without waiting for a reader.

Lines of children and the line `ready …` go to standard output, our own remarks to standard error. When nobody reads,
lines are dropped and their number is said later: a supervisor that waits for a terminal supervises nothing.
"""

from __future__ import annotations

import os
import select
import sys

_LONGEST = 3900  # less than PIPE_BUF (4096), so that a writable pipe takes a line whole
_WIDTH = 8


class Console:
    """Writes to the given descriptors (standard output and error unless told)."""

    def __init__(self, output: int | None = None, errors: int | None = None) -> None:
        self._output = sys.stdout.fileno() if output is None else output
        self._errors = sys.stderr.fileno() if errors is None else errors
        self._dropped = 0

    def child(self, name: str, line: str) -> None:
        """One line that a child wrote."""
        if self._dropped and self._write(self._output, f"{'onebox':<{_WIDTH}} | {self._dropped} lines were not read"):
            self._dropped = 0
        if not self._write(self._output, f"{name:<{_WIDTH}} | {line}"):
            self._dropped += 1

    def remark(self, line: str) -> None:
        """Something we say ourselves."""
        self._write(self._errors, f"{'onebox':<{_WIDTH}} | {line}")

    def ready(self, line: str) -> None:
        """The one line without a name in front; it waits for its reader."""
        os.write(self._output, f"{line}\n".encode())

    def _write(self, descriptor: int, line: str) -> bool:
        text = line.encode("utf-8", "replace")[:_LONGEST] + b"\n"
        try:
            _, writable, _ = select.select([], [descriptor], [], 0)
            return bool(writable) and os.write(descriptor, text) == len(text)
        except OSError:  # nobody will ever read it
            return True

"""A program under supervision: its output line by line, and its certain end.

It runs in a session of its own behind `shim/leash`, which kills its group when this process is gone; leaving the
`with` block ends whatever is left of the session. Nothing here knows what the program does.
"""

from __future__ import annotations

import math
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from builder import process_session

LEASH = Path(__file__).parent / "shim" / "leash"

_CHUNK = 64 * 1024
_LOOK = 0.02
_DRAIN = 5.0
"""The last lines are read well within this; only a program that left its session can hold the pipe longer."""


class Child:
    """One run of a program; enter it to start, iterate `output` to follow, then read `code`."""

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str], stop_grace: float) -> None:
        self._arguments = (str(LEASH), *arguments)
        self._environment = environment
        self._stop_grace = stop_grace
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._process: subprocess.Popen[bytes] | None = None
        self._reader: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._arguments,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, args=(self._process.stdout,), daemon=True)
        self._reader.start()
        return self

    @property
    def code(self) -> int | None:
        """The exit code, negative for a signal; None while the program runs."""
        return self._running.poll()

    def output(self, tick: float) -> Iterator[str | None]:
        """Every line (standard error too) until the program has ended, and None after `tick` seconds of silence."""
        give_up = math.inf
        while time.monotonic() < give_up:
            try:
                line = self._lines.get(timeout=tick)
            except queue.Empty:
                if give_up == math.inf and self.code is not None:
                    self._end_rest()  # a grandchild may hold the pipe open for ever
                    give_up = time.monotonic() + _DRAIN
                yield None
                continue
            if line is None:
                break
            yield line
        while self.code is None:  # it closed its output and works on
            time.sleep(tick)
            yield None

    @property
    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise RuntimeError("the program has not been started")
        return self._process

    def _read(self, pipe: IO[bytes]) -> None:
        with pipe:
            while raw := pipe.readline(_CHUNK):
                for part in raw.decode("utf-8", "replace").rstrip("\r\n").split("\r"):
                    self._lines.put(part)
        self._lines.put(None)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        session = self._running.pid
        process_session.send(session, signal.SIGTERM)
        end = time.monotonic() + self._stop_grace
        while process_session.living(session) and time.monotonic() < end:
            time.sleep(_LOOK)
        self._end_rest()
        self._running.wait()
        if self._running.stdin:
            self._running.stdin.close()
        if self._reader:
            self._reader.join(self._stop_grace)

    def _end_rest(self) -> None:
        end = time.monotonic() + self._stop_grace
        while process_session.living(self._running.pid) and time.monotonic() < end:  # again, for what is born meanwhile
            process_session.send(self._running.pid, signal.SIGKILL)
            time.sleep(_LOOK / 10)

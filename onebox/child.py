"""One long-lived child of the supervisor: its lines are shown under its name, and when it dies it is started again.

Between two starts it waits longer and longer; a life of ten seconds, or one that came to do its work, counts as a good
one. What a life is given only once (a failpoint) is the caller's matter: `command` is asked anew for every life, with
the number of the life.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable

from onebox.console import Console
from onebox.loop import Loop
from onebox.spawn import Command, signal_group, spawn

WAITS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
GOOD_LIFE_SECONDS = 10.0
CANNOT_START = 2
"""The exit status of a child that says: starting me again will not help."""


class Child:
    """`on_line` sees every line, `shown` says how a person sees it (None: not at all).

    `on_hopeless` is called when the child cannot be started at all.
    """

    def __init__(
        self,
        name: str,
        command: Callable[[int], Command],
        *,
        loop: Loop,
        console: Console,
        on_line: Callable[[str], None] = lambda _line: None,
        shown: Callable[[str], str | None] = lambda line: line,
        on_hopeless: Callable[[str], None] = lambda _why: None,
    ) -> None:
        self.name = name
        self._command = command
        self._loop = loop
        self._console = console
        self._on_line = on_line
        self._shown = shown
        self._on_hopeless = on_hopeless
        self._process: subprocess.Popen[bytes] | None = None
        self._rest = b""
        self._stopping = False
        self._quick_deaths = 0
        self._born = 0.0
        self._well = False
        self.lives = 0

    @property
    def pid(self) -> int | None:
        """The process's id while it lives."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start the next life, unless one is going on or the end has begun."""
        if self._process is not None or self._stopping:
            return
        self.lives += 1
        self._well = False
        self._born = time.monotonic()
        try:
            self._process = spawn(self._command(self.lives), output=subprocess.PIPE)
        except OSError as error:
            self._console.remark(f"{self.name} cannot be started: {error}")
            self._again()
            return
        os.set_blocking(self._output(), False)
        self._loop.watch(self._output(), self._read)

    def did_well(self) -> None:
        """Note that this life has come to do its work: when it ends, the next one need not wait long."""
        self._well = True

    def look(self) -> None:
        """Notice a death; to be called when a child of this process has ended."""
        if self._process is None or self._process.poll() is None:
            return
        status = self._process.returncode
        self._read()
        self._forget()
        if not self._stopping:
            self._died(status)

    def send(self, number: signal.Signals) -> None:
        """Signal the child's process group for its end: it will not be started again."""
        self._stopping = True
        if self._process is not None:
            signal_group(self._process, number)

    def _died(self, status: int) -> None:
        self._console.remark(f"{self.name} {_ending(status)}")
        if status == CANNOT_START:
            self._on_hopeless(self.name)
        else:
            self._again()

    def _again(self) -> None:
        good = self._well or time.monotonic() - self._born > GOOD_LIFE_SECONDS
        self._quick_deaths = 0 if good else self._quick_deaths + 1
        self._loop.later(WAITS[min(self._quick_deaths, len(WAITS) - 1)], self.start)

    def _output(self) -> int:
        if self._process is None or self._process.stdout is None:
            raise RuntimeError(f"{self.name} has no output")
        return self._process.stdout.fileno()

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self._output(), 65536)
            except BlockingIOError:
                return
            if not data:
                self._loop.unwatch(self._output())
                return
            *lines, self._rest = (self._rest + data).split(b"\n")
            self._rest = self._rest[-65536:]
            for line in lines:
                self._show(line)

    def _show(self, line: bytes) -> None:
        text = line.decode("utf-8", "replace").rstrip()
        shown = self._shown(text)
        if shown is not None:
            self._console.child(self.name, shown)
        self._on_line(text)

    def _forget(self) -> None:
        if self._process is None or self._process.stdout is None:
            return
        if self._rest:
            self._show(self._rest)
        self._rest = b""
        self._loop.unwatch(self._output())
        self._process.stdout.close()
        self._process = None


def _ending(status: int) -> str:
    return f"ended with status {status}" if status >= 0 else f"was ended by {signal.Signals(-status).name}"

"""Waiting to be told to end, by SIGTERM or Ctrl-C, in a process whose work is done by other threads.

An event that a signal handler sets will not do: the handler may run while its own thread holds the event's lock, or the
signal may reach another thread and wake nobody; then the process stays for ever. The loop hears signals by a pipe.
"""

from __future__ import annotations

import signal

from onebox.loop import Loop


class Ending:
    """From its making on the two signals are heard; `wait` returns once one of them has come."""

    def __init__(self) -> None:
        self._loop = Loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            self._loop.on_signal(number, self._loop.stop)

    def wait(self) -> None:
        """Return when this process was told to end, be it before."""
        self._loop.run()

"""The supervisor's main loop: descriptors that can be read, moments that have come, signals; one thread, nothing waits.

It knows neither children nor requests; they register here.
"""

from __future__ import annotations

import heapq
import itertools
import os
import selectors
import signal
import time
from collections.abc import Callable
from typing import Any


class Loop:
    """`run` goes on until `stop`; callbacks are called in the thread that runs it."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._moments: list[tuple[float, int, Callable[[], None]]] = []
        self._number = itertools.count()
        self._on_signal: dict[int, Callable[[], None]] = {}
        self._running = False
        self._wakeup: tuple[int, int] | None = None

    def watch(self, readable: Any, callback: Callable[[], None]) -> None:
        """Call back whenever a descriptor (or an object with one) can be read."""
        self._selector.register(readable, selectors.EVENT_READ, callback)

    def unwatch(self, readable: Any) -> None:
        """Forget a descriptor; nothing happens when it is not watched."""
        try:
            self._selector.unregister(readable)
        except (KeyError, ValueError):
            return

    def later(self, seconds: float, callback: Callable[[], None]) -> None:
        """Call back once, after that many seconds of real time."""
        heapq.heappush(self._moments, (time.monotonic() + seconds, next(self._number), callback))

    def on_signal(self, number: signal.Signals, callback: Callable[[], None]) -> None:
        """Call back, out of the loop, when the signal has come."""
        if not self._on_signal:
            self._make_wakeup()
        self._on_signal[number] = callback
        signal.signal(number, lambda _number, _frame: None)

    def run(self) -> None:
        """Serve until `stop` is called."""
        self._running = True
        while self._running:
            for key, _ in self._selector.select(self._until_next()):
                if self._selector.get_map().get(key.fd) is key:  # an earlier callback may have unwatched it
                    key.data()
            self._call_due()

    def stop(self) -> None:
        """End `run` after the present round."""
        self._running = False

    def close(self) -> None:
        """Let go of the descriptors of the loop's own; signals are no longer heard."""
        if self._wakeup is not None:
            signal.set_wakeup_fd(-1)
            for descriptor in self._wakeup:
                os.close(descriptor)
        self._selector.close()

    def _until_next(self) -> float | None:
        return max(0.0, self._moments[0][0] - time.monotonic()) if self._moments else None

    def _call_due(self) -> None:
        while self._moments and self._moments[0][0] <= time.monotonic():
            heapq.heappop(self._moments)[2]()

    def _make_wakeup(self) -> None:
        reading, writing = self._wakeup = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        self.watch(reading, lambda: self._signals_came(os.read(reading, 4096)))

    def _signals_came(self, numbers: bytes) -> None:
        for number in sorted(set(numbers)):
            if number in self._on_signal:
                self._on_signal[number]()

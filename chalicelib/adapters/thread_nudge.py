"""Nudges carried out by a few daemon threads of this process, as the `Nudge` port.

One thing is never worked on by two threads at once: a wish for a row that is being worked on is kept and carried out
afterwards, and several wishes for the same thing are one. What `advance` and `reap` do is given by `attach`; wishes
made before are kept until then. Nothing here survives the process: a lost nudge costs a tick, never a server.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from enum import StrEnum

_log = logging.getLogger("ccc.nudge")


class _What(StrEnum):
    ADVANCE = "advance"
    REAP = "reap"


_Wish = tuple[_What, str]


class ThreadNudge:
    """At most `workers` threads, started by `attach`."""

    def __init__(self, workers: int = 8) -> None:
        self._workers = workers
        self._waiting: deque[_Wish] = deque()
        self._running: set[_Wish] = set()
        self._again: set[_Wish] = set()
        self._changed = threading.Condition()
        self._targets: dict[_What, Callable[[str], None]] = {}
        self._started = 0

    def attach(self, advance: Callable[[str], None], reap: Callable[[str], None]) -> None:
        """Say what a nudge calls; a second call replaces the first."""
        with self._changed:
            self._targets = {_What.ADVANCE: advance, _What.REAP: reap}
            self._changed.notify_all()
        while self._started < self._workers:
            self._started += 1
            threading.Thread(target=self._work, name=f"nudge-{self._started}", daemon=True).start()

    def advance(self, instance_id: str) -> None:
        """Ask for `advance`; never raises and never waits for it."""
        self._wish((_What.ADVANCE, instance_id))

    def reap(self, run_id: str) -> None:
        """Ask for a requested reap run to be carried out; never raises and never waits."""
        self._wish((_What.REAP, run_id))

    def _wish(self, wish: _Wish) -> None:
        with self._changed:
            if wish in self._running:
                self._again.add(wish)
            elif wish not in self._waiting:
                self._waiting.append(wish)
                self._changed.notify()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting and self._targets)
                wish = self._waiting.popleft()
                self._running.add(wish)
                target = self._targets[wish[0]]
            _carry_out(target, wish)
            with self._changed:
                self._running.discard(wish)
                if wish in self._again:
                    self._again.discard(wish)
                    self._waiting.append(wish)
                    self._changed.notify()


def _carry_out(target: Callable[[str], None], wish: _Wish) -> None:
    what, name = wish
    try:
        target(name)
    except Exception:  # noqa: BLE001 -- a nudge never raises; the tick comes to the same row and reports it
        _log.exception("nudge.failed", extra={"fields": {"what": what.value, "id": name}})

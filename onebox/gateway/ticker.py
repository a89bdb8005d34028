"""EventBridge on one machine: calls the scheduled handlers with its events, one at a time.

`tick` runs every two seconds of real time and whenever somebody asks (after the clock was moved); `reap` once the
shared clock has passed an hour since the last, which a file remembers across restarts. A handler that raises is
logged, as it would show in the error metric, and the next call comes all the same.
"""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from onebox.gateway.lambda_context import LambdaContext
from onebox.whole_file import replace_file

TICK_EVERY_SECONDS = 2.0
REAP_EVERY = timedelta(hours=1)
TICK_TIMEOUT_SECONDS = 55.0
REAP_TIMEOUT_SECONDS = 600.0

Scheduled = Callable[[dict[str, Any], LambdaContext], Any]

_log = logging.getLogger("ccc.ticker")


class Ticker:
    """Calls `tick` and `reap`; `now` is the shared clock; `last_reap` is the file that remembers the last reaping."""

    def __init__(self, *, tick: Scheduled, reap: Scheduled, now: Callable[[], datetime], last_reap: Path) -> None:
        self._tick = tick
        self._reap = reap
        self._now = now
        self._last_reap = last_reap
        self._one_at_a_time = threading.Lock()
        self._stopped = threading.Event()
        self.ticked = threading.Event()

    def run_once(self) -> None:
        """Tick now, after a tick that is going on; and before it reap when an hour has passed.

        Before it, because a tick looks whether reapings still come: none came in the hours by which a clock was moved.
        """
        with self._one_at_a_time:
            if self._reap_is_due():
                replace_file(self._last_reap, f"{int(self._now().timestamp())}\n")
                self._call(self._reap, "reap", REAP_TIMEOUT_SECONDS)
            self._call(self._tick, "tick", TICK_TIMEOUT_SECONDS)
            self.ticked.set()

    def run(self, each_time: Sequence[Callable[[], None]], every_seconds: float = TICK_EVERY_SECONDS) -> None:
        """Tick until `stop`; those in `each_time` are called after every tick."""
        while not self._stopped.is_set():
            try:
                self.run_once()
                for call in each_time:
                    call()
            except Exception:  # noqa: BLE001 -- the ticker outlives whatever goes wrong; the log says what
                _log.exception("ticker.failed")
            self._stopped.wait(every_seconds)

    def stop(self, within_seconds: float) -> None:
        """Start no further tick, and wait a moment for the one that is going on."""
        self._stopped.set()
        if self._one_at_a_time.acquire(timeout=within_seconds):
            self._one_at_a_time.release()

    def _reap_is_due(self) -> bool:
        try:
            last = int(self._last_reap.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return True
        return not 0 <= self._now().timestamp() - last < REAP_EVERY.total_seconds()

    def _call(self, handler: Scheduled, name: str, timeout: float) -> None:
        try:
            handler(self._event(name), LambdaContext(name, timeout))
        except Exception:  # noqa: BLE001 -- a failed run is logged, and the next one comes all the same
            _log.exception("ticker.handler_failed", extra={"fields": {"handler": name}})

    def _event(self, rule: str) -> dict[str, Any]:
        return {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": "Scheduled Event",
            "source": "aws.events",
            "account": "000000000000",
            "time": self._now().strftime("%Y-%m-%dT%H:%M:%SZ"),
            "region": "onebox",
            "resources": [f"arn:aws:events:onebox:000000000000:rule/{rule}"],
            "detail": {},
        }

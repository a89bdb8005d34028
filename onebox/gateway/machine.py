"""The state of the machine as one document: clock, processes, builds, provider."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from onebox.duration import parse_duration
from onebox.gateway.movable_clock import MovableClock
from onebox.gateway.supervisor_line import SupervisorLine


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """`now` is the shared clock; `clock` moves it, or is None where time is real; `tick` works off what became due.

    `builds` are told by the supervisor unless somebody else runs them.
    """

    now: Callable[[], datetime]
    clock: MovableClock | None
    tick: Callable[[], None]
    supervisor: SupervisorLine
    provider: str
    emulated: bool
    builds: Callable[[], list[dict[str, Any]]] | None = None

    def state(self) -> dict[str, Any]:
        """What the machine's page shows; a part that does not answer says so in its place."""
        try:
            told = self.supervisor.ask("status")
        except (OSError, ValueError) as error:
            told = {"error": type(error).__name__}
        return {
            "clock": {**self._clock(), "movable": self.clock is not None},
            "processes": told.get("processes", []),
            "builds": told.get("builds", []) if self.builds is None else self.builds(),
            "provider": self._provider(),
        }

    def advance_clock(self, by: str) -> dict[str, Any]:
        """Move the clock forward by a checked duration, tick, and tell the time; RuntimeError where time is real."""
        if self.clock is None:
            raise RuntimeError("the clock of this machine cannot be moved")
        self.clock.advance(parse_duration(by))
        self.tick()
        return self._clock()

    def _clock(self) -> dict[str, Any]:
        offset = self.clock.offset_seconds() if self.clock is not None else 0
        return {"now": self.now().strftime("%Y-%m-%dT%H:%M:%SZ"), "offset_seconds": offset}

    def _provider(self) -> dict[str, Any]:
        named = {"kind": "emulator" if self.emulated else "hetzner", "endpoint": self.provider}
        if not self.emulated:
            return named
        try:
            with urllib.request.urlopen(self.provider.removesuffix("/v1") + "/_emulator", timeout=3) as answer:  # noqa: S310 -- our own emulator's http URL
                return {**named, **json.load(answer)}
        except (OSError, ValueError, urllib.error.URLError) as error:
            return {**named, "error": type(error).__name__}

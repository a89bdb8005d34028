"""Nudges that are kept for a test to carry out, once each while they wait."""

from __future__ import annotations


class FakeNudge:
    """`waiting` holds what was asked for and not yet taken, as `("advance" | "reap", id)`; `deaf` loses every wish."""

    def __init__(self) -> None:
        self.waiting: list[tuple[str, str]] = []
        self.deaf = False

    def advance(self, instance_id: str) -> None:
        """Ask for `advance`; never raises and never waits for it."""
        self._wish("advance", instance_id)

    def reap(self, run_id: str) -> None:
        """Ask for a requested reap run to be carried out; never raises and never waits."""
        self._wish("reap", run_id)

    def take(self) -> list[tuple[str, str]]:
        """What waits, which then waits no more."""
        taken, self.waiting = self.waiting, []
        return taken

    def _wish(self, what: str, name: str) -> None:
        if not self.deaf and (what, name) not in self.waiting:
            self.waiting.append((what, name))

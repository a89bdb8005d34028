"""How somebody is asked to look soon, and how a person's attention is asked for."""

from __future__ import annotations

from typing import Any, Protocol


class Nudge(Protocol):
    """The wish that somebody looks at a row soon; a lost nudge costs a minute, never a server."""

    def advance(self, instance_id: str) -> None:
        """Ask for `advance`; never raises and never waits for it."""

    def reap(self, run_id: str) -> None:
        """Ask for a requested reap run to be carried out; never raises and never waits."""


class Alarms(Protocol):
    """The operator's attention; never raises."""

    def raise_alarm(self, event: str, **fields: Any) -> None:
        """Say that a person should look: an event name and fields, never a key, a token or an address."""

"""Alarms that a test can look at."""

from __future__ import annotations

from typing import Any


class FakeAlarms:
    """Keeps what was raised as pairs of event and fields."""

    def __init__(self) -> None:
        self.raised: list[tuple[str, dict[str, Any]]] = []

    def raise_alarm(self, event: str, **fields: Any) -> None:
        """Keep the event and its fields; never raises."""
        self.raised.append((event, fields))

    def events(self) -> list[str]:
        """The names of the events, in their order."""
        return [event for event, _ in self.raised]

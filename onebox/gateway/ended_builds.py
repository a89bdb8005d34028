"""Builds that ended badly, told by the supervisor as soon as they did: their rows are looked at now.

Without this a dead builder is noticed at the row's next look, within a minute; so a word that is lost costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from onebox.gateway.supervisor_line import SupervisorLine


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedBuilds:
    """`hurry` makes the row of an instance due now."""

    supervisor: SupervisorLine
    hurry: Callable[[str], None]

    def look(self) -> None:
        """Ask once and hurry each row; raises what `hurry` raises."""
        try:
            told = self.supervisor.ask("ended").get("ended", [])
        except (OSError, ValueError):
            return
        for instance_id in told:
            self.hurry(instance_id)

"""The one `phases` item."""

from __future__ import annotations

from typing import Protocol

from chalicelib.domain.durations import BuildTimes


class Durations(Protocol):
    """The newest measures of every phase of a build. StoreUnavailable as everywhere."""

    def get(self) -> BuildTimes:
        """The measures, read consistently; empty where there are none, or none that this release can read."""

    def write(self, after: BuildTimes, before: BuildTimes) -> BuildTimes:
        """Compare-and-swap; WriteConflict when somebody else was first. Returns it with its new version."""

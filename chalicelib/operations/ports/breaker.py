"""The one `breaker` item."""

from __future__ import annotations

from typing import Protocol

from chalicelib.domain.breaker import BreakerState


class Breaker(Protocol):
    """The state of the circuit breaker, which all functions share. StoreUnavailable as everywhere."""

    def get(self) -> BreakerState:
        """The state, read consistently; a closed breaker where there is none, or none that this release can read."""

    def write(self, after: BreakerState, before: BreakerState) -> BreakerState:
        """Compare-and-swap; WriteConflict when somebody else was first. Returns it with its new version."""

"""The rhythm of looking at a machine that is not there yet: eager at first, calmer later, never past the allowance."""

from __future__ import annotations

import time
from collections.abc import Iterator

from builder.clock import Allowance
from builder.pace import Pace


def looks(allowance: Allowance, pace: Pace) -> Iterator[None]:
    """Yield for each look, at least once, until the allowance is used up."""
    pause = pace.poll_first
    yield
    while (left := allowance.left()) > 0:
        time.sleep(min(pause, left))
        pause = min(pause * pace.poll_growth, pace.poll_longest)
        yield

"""How long the function that runs now may still run, for whoever is about to wait for somebody outside.

Lambda ends a function at its limit wherever it is. A request that was cut short before is an answer that did not come,
which every step knows how to live with; a function that was ended leaves leases that must run out first.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

_running: ContextVar[Any] = ContextVar("running", default=None)


@contextmanager
def within(context: object) -> Iterator[None]:
    """Within this, in this thread, `seconds_left` counts down to the limit of Lambda's `context`."""
    before = _running.set(context)
    try:
        yield
    finally:
        _running.reset(before)


def seconds_left() -> float:
    """Seconds until the function is ended; infinite where none runs, or where nobody says."""
    remaining = getattr(_running.get(), "get_remaining_time_in_millis", None)
    return math.inf if remaining is None else remaining() / 1000

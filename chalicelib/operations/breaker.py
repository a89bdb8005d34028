"""Ask the circuit breaker before an order, and tell it how builds end; what opens it is `domain/breaker.py`'s matter.

Telling it never holds up a row: a table that does not answer, or a crowd at the one item, costs a count at most.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable
from datetime import datetime

from chalicelib.domain import breaker
from chalicelib.domain.breaker import BreakerState
from chalicelib.domain.build import Cause
from chalicelib.domain.errors import Paused, Unavailable, WriteConflict
from chalicelib.operations.services import Services

MAX_TRIES = 8


def require_closed(services: Services, now: datetime) -> None:
    """Paused, with the reason in words and the seconds until it closes by itself, while the breaker is open."""
    state = services.breaker.get()
    until = breaker.open_until(state, now)
    if until is not None:
        seconds = math.ceil((until - now).total_seconds())
        raise Paused(breaker.reason(state), retry_after=seconds, cause=state.cause)


def note_failure(services: Services, instance_id: str, cause: Cause, now: datetime) -> None:
    """An instance has failed for good; the alarm is raised by whoever opens the breaker, once."""

    def failed(state: BreakerState) -> BreakerState:
        return breaker.failed(state, cause, instance_id, now)

    with contextlib.suppress(Unavailable):
        before, after = change(services, failed)
        if breaker.open_until(before, now) is None and breaker.open_until(after, now) is not None:
            services.alarms.raise_alarm("builds.held_back", cause=cause.value, in_a_row=after.count)


def note_success(services: Services) -> None:
    """A machine has been built: what failed before it is no row of failures any more."""
    with contextlib.suppress(Unavailable):
        change(services, breaker.closed)


def change(services: Services, to: Callable[[BreakerState], BreakerState]) -> tuple[BreakerState, BreakerState]:
    """The state before and after; nothing is written where nothing changes. WriteConflict: too many at once."""
    for _ in range(MAX_TRIES):
        before = services.breaker.get()
        after = to(before)
        if after == before:
            return before, after
        try:
            return before, services.breaker.write(after, before)
        except WriteConflict:
            continue
    raise WriteConflict("Too many others are changing the breaker. Try again.")

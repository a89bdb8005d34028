"""Asking too often from one source. A minute begins on the clock: a try that runs into the next counts for nothing."""

from __future__ import annotations

from collections.abc import Callable

from tests.stack.bad_inputs.stranger import Stranger, new_source

ALLOWED = 10
"""What one source may ask a minute, and have taken an hour, unless the operator says otherwise."""

MINUTE = 60
LONGEST_HOUR = 70 * MINUTE
"""What was counted in an hour, counted from whenever, counts for at most so long."""

TRIES = 3


def window(stranger: Stranger, seconds: int) -> int:
    """The number of the window that the box's clock is in."""
    return int(stranger.inside.services.clock.now().timestamp()) // seconds


def one_too_many(stranger: Stranger, ask: Callable[[str, int], int]) -> list[int]:
    """The statuses of one request more than allowed, by `ask(source, number)`, all of them within one minute."""
    for _ in range(TRIES):
        source, began = new_source(), window(stranger, MINUTE)
        statuses = [ask(source, number) for number in range(ALLOWED + 1)]
        if window(stranger, MINUTE) == began:
            return statuses
    raise AssertionError(f"{ALLOWED + 1} requests took more than a minute, {TRIES} times")

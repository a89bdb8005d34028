"""How a person changes the `stack` item: read, changed, written by compare-and-swap, tried again on a conflict."""

from __future__ import annotations

from collections.abc import Callable

from chalicelib.domain.errors import WriteConflict
from chalicelib.operations.marker import require_stack
from chalicelib.operations.ports import StackState
from chalicelib.operations.services import Services

MAX_TRIES = 8


def switch(services: Services, to: Callable[[StackState], StackState]) -> tuple[StackState, StackState]:
    """The item before and after; nothing is written where nothing changes. WriteConflict: too many at once."""
    for _ in range(MAX_TRIES):
        before = require_stack(services)
        after = to(before)
        if after == before:
            return before, after
        try:
            return before, services.stack.write(after, before)
        except WriteConflict:
            continue
    raise WriteConflict("Too many others are changing the state of the stack. Try again.")

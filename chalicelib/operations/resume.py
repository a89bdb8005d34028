"""Switch new machines on again: the pause is over, and a circuit breaker that is open is closed as well.

What freezes the reaper is another matter and stays: `accept_restore.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from chalicelib.domain.audit import Deed
from chalicelib.operations.close_breaker import close_breaker
from chalicelib.operations.note import note
from chalicelib.operations.ports import StackState
from chalicelib.operations.services import Services
from chalicelib.operations.switch import switch


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed:
    """The `stack` item as it is now, and what stood against new machines before."""

    stack: StackState
    was_paused: bool
    breaker_was_open: bool


def resume(services: Services) -> Resumed:
    """Let new machines be made; a repeat changes nothing."""
    before, after = switch(services, lambda stack: replace(stack, paused=False))
    was_open = close_breaker(services)
    if before.paused or was_open:
        note(services, Deed.RESUMED, "and closed the breaker" if was_open else "")
    return Resumed(stack=after, was_paused=before.paused, breaker_was_open=was_open)

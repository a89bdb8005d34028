"""Switch new machines off, at once and for everybody (rule R25); machines that are there are not concerned.

Signups and confirmations are refused with a sentence, and what was ordered already waits and buys nothing.
"""

from __future__ import annotations

from dataclasses import replace

from chalicelib.domain.audit import Deed
from chalicelib.operations.note import note
from chalicelib.operations.ports import StackState
from chalicelib.operations.services import Services
from chalicelib.operations.switch import switch


def pause(services: Services) -> StackState:
    """The `stack` item with the switch off; a repeat changes nothing."""
    before, after = switch(services, lambda stack: replace(stack, paused=True))
    if not before.paused:
        note(services, Deed.PAUSED)
    return after

"""An instance nobody has confirmed: it is forgotten when its time is over; until then only its mail is owed.

Whoever wished for it may be nobody: the tombstone of an unconfirmed wish keeps neither address nor key, nor a digest
by which they could be recognised.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from chalicelib.domain import lifecycle
from chalicelib.domain.instance import Instance, Status
from chalicelib.operations import clocks
from chalicelib.operations.services import Services
from chalicelib.operations.stages import deliver
from chalicelib.operations.step import Step


def step(services: Services, row: Instance, now: datetime) -> Step:
    """Forget it when it is late, else send what is owed."""
    late = lifecycle.deadline(row)
    if late is not None and clocks.over(services, late, now, unheard=False):
        return Step(change=lambda it: forgotten(it, now))
    return deliver.step(services, row, now)


def forgotten(row: Instance, now: datetime) -> Instance:
    """The tombstone of a wish that was not confirmed."""
    gone = lifecycle.move(row, Status.DELETED, now, ended_at=now, notices=())
    return replace(gone, email="", ssh_public_key="", owner="", request_hash="")

"""A machine that runs: its end is claimed when it has come, not before (rule R9); until then its mails are owed.

Whoever claims too early takes hours from its owner, who cannot extend it any more. While the provider is silent there
may be nobody to ask for the time: then the end is claimed by our own clock, and `deleting` asks before it deletes.
"""

from __future__ import annotations

from datetime import datetime

from chalicelib.domain.instance import EndReason, Instance
from chalicelib.operations import clocks
from chalicelib.operations.services import Services
from chalicelib.operations.stages import deliver
from chalicelib.operations.step import Step, begin_deleting


def step(services: Services, row: Instance, now: datetime) -> Step:
    """Begin to delete at the end, else send what is owed."""
    if row.expires_at is not None and clocks.over(services, row.expires_at, now, unheard=True):
        return Step(change=lambda it: _expire(it, now), again=True)
    return deliver.step(services, row, now)


def _expire(row: Instance, now: datetime) -> Instance:
    """An extend may have come in between: then there is nothing to end."""
    if row.expires_at is None or now < row.expires_at:
        return row
    return begin_deleting(row, EndReason.EXPIRED, now)

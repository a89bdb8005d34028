"""A machine that runs: its end is claimed when it has come, not before (rule R9); until then its mails are owed."""

from __future__ import annotations

from datetime import datetime

from chalicelib.domain.instance import EndReason, Instance
from chalicelib.operations.services import Services
from chalicelib.operations.stages import deliver
from chalicelib.operations.step import Step, begin_deleting


def step(services: Services, row: Instance, now: datetime) -> Step:
    """Begin to delete at the end, else send what is owed."""
    if row.expires_at is not None and now >= row.expires_at:
        return Step(change=lambda it: _expire(it, now), again=True)
    return deliver.step(services, row, now)


def _expire(row: Instance, now: datetime) -> Instance:
    """An extend may have come in between: then there is nothing to end."""
    if row.expires_at is None or now < row.expires_at:
        return row
    return begin_deleting(row, EndReason.EXPIRED, now)

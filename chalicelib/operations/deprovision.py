"""End an instance now, at its owner's or the operator's wish; asking again changes nothing."""

from __future__ import annotations

from dataclasses import replace

from chalicelib.domain.errors import WriteConflict
from chalicelib.domain.instance import EndReason, Instance, Status
from chalicelib.operations.authorise import existing
from chalicelib.operations.save import save
from chalicelib.operations.services import Services
from chalicelib.operations.stages.unconfirmed import forgotten
from chalicelib.operations.step import begin_deleting

MAX_TRIES = 8


def deprovision(services: Services, instance_id: str) -> Instance:
    """The instance as it is after the wish: `deleting`, or ended already; NotFound."""
    for _ in range(MAX_TRIES):
        row = existing(services, instance_id)
        if row.terminal or row.status is Status.DELETING:
            return row
        try:
            stored = save(services, _ending(services, row), before=row)
        except WriteConflict:
            continue
        services.nudge.advance(stored.id)
        return stored
    raise WriteConflict("Too many others are changing this instance. Try again.")


def _ending(services: Services, row: Instance) -> Instance:
    now = services.clock.now()
    if row.status is Status.UNCONFIRMED:
        return replace(forgotten(row, now), due_at=None)
    return replace(begin_deleting(row, EndReason.RELEASED, now), due_at=now)

"""The transition table, the deadlines of each status, and what each status owes next.

One table decides which steps exist (rule R6); everything else raises. `due_at` of a row is computed here and nowhere
else. Nothing here knows a clock: `now` comes in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from chalicelib.domain import notice
from chalicelib.domain.build import INSTALL_AT_MOST, INSTALL_WITHIN
from chalicelib.domain.errors import IllegalTransition
from chalicelib.domain.instance import Instance, Status

TRANSITIONS: Mapping[Status, frozenset[Status]] = {
    Status.UNCONFIRMED: frozenset({Status.REQUESTED, Status.DELETED}),
    Status.REQUESTED: frozenset({Status.CREATING, Status.DELETING}),
    Status.CREATING: frozenset({Status.INSTALLING, Status.DELETING}),
    Status.INSTALLING: frozenset({Status.RUNNING, Status.DELETING}),
    Status.RUNNING: frozenset({Status.DELETING}),
    Status.DELETING: frozenset({Status.DELETED, Status.FAILED}),
    Status.DELETED: frozenset(),
    Status.FAILED: frozenset(),
}

LEASE = timedelta(seconds=45)
LEASE_CREATING = timedelta(seconds=90)
"""How long one worker may hold a row; longer where a create is on its way (`architecture.md`)."""

LOOK_AGAIN = timedelta(seconds=60)
"""A row in `creating` or `installing` is looked at at least this often; the platform is asked, not the provider."""

CONFIRM_WITHIN = timedelta(hours=24)
REQUESTED_FOR = timedelta(minutes=60)
CREATING_FOR = timedelta(minutes=10)
DELETING_FOR = timedelta(minutes=15)


MAILING = frozenset({Status.UNCONFIRMED, Status.RUNNING, Status.DELETED, Status.FAILED})
"""The statuses whose steps send mail; in the others an owed notice waits and wakes nobody."""


class Queue(StrEnum):
    """The two partitions of the `due` index; `DELETE` is always served first."""

    DELETE = "delete"
    WORK = "work"


def move(instance: Instance, status: Status, now: datetime, **changes: Any) -> Instance:
    """The instance in its next status; IllegalTransition for a step the table does not have."""
    if status not in TRANSITIONS[instance.status]:
        raise IllegalTransition(f"{instance.status} does not become {status}", instance_id=instance.id)
    return replace(instance, status=status, status_since=now, retry_at=None, **changes)


def lease_time(status: Status) -> timedelta:
    """How long a worker may hold a row of this status."""
    return LEASE_CREATING if status is Status.CREATING else LEASE


def deadline(instance: Instance) -> datetime | None:
    """When the present status is late (rule R14); None where only the lease of the machine counts."""
    match instance.status:
        case Status.UNCONFIRMED:
            return instance.status_since + CONFIRM_WITHIN
        case Status.REQUESTED:
            return instance.status_since + REQUESTED_FOR
        case Status.CREATING:
            return instance.status_since + CREATING_FOR
        case Status.INSTALLING:
            latest = instance.status_since + INSTALL_AT_MOST
            claimed = instance.first_claimed_at
            return latest if claimed is None else min(latest, claimed + INSTALL_WITHIN)
        case Status.DELETING:
            return instance.status_since + DELETING_FOR
        case Status.RUNNING | Status.DELETED | Status.FAILED:
            return None


def due_at(instance: Instance, now: datetime) -> datetime | None:
    """The next moment somebody must look at the row, or None when it owes nothing any more."""
    moments = list(_owes(instance, now))
    return min(moments) if moments else None


def _owes(instance: Instance, now: datetime) -> Iterator[datetime]:
    match instance.status:
        case Status.UNCONFIRMED:
            yield instance.status_since + CONFIRM_WITHIN
        case Status.REQUESTED | Status.CREATING | Status.DELETING:
            yield instance.retry_at or now
        case Status.INSTALLING:
            yield instance.retry_at or now + LOOK_AGAIN
            if (late := deadline(instance)) is not None:
                yield max(late, now)
        case Status.RUNNING:
            if instance.expires_at is not None:
                yield instance.expires_at
        case Status.DELETED | Status.FAILED:
            pass
    if instance.status in MAILING:
        yield from (owed.due_at for owed in notice.owed(instance.notices))


def queue(instance: Instance) -> Queue | None:
    """The partition a row waits in, or None when nothing is due any more."""
    if instance.due_at is None:
        return None
    if instance.status is Status.DELETING:
        return Queue.DELETE
    if instance.status is Status.RUNNING and instance.expires_at is not None:
        return Queue.DELETE if instance.due_at >= instance.expires_at else Queue.WORK
    return Queue.WORK

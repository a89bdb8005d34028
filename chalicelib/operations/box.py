"""What a machine may ask about itself, with the token in its record: when it ends, and more time where that is offered.

The token stands on the guest's disk in clear text: it opens nothing else, and the answer holds nothing personal.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from chalicelib.domain import lease, tokens
from chalicelib.domain.errors import NotOffered
from chalicelib.domain.instance import Instance, Status
from chalicelib.operations import extend as extending
from chalicelib.operations import secrets_of
from chalicelib.operations.authorise import existing, unknown
from chalicelib.operations.services import Services


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxTime:
    """The end as it stands (None before the machine runs), and the whole hours that the machine itself may add."""

    expires_at: datetime | None
    hours_left: int


def show_time(services: Services, instance_id: str, *, token: str) -> BoxTime:
    """The time of the machine that holds this token; NotFound for everybody else."""
    return _time(services, _opened(services, instance_id, token))


def extend(services: Services, instance_id: str, *, token: str, hours: int, key: str) -> BoxTime:
    """More time for the machine that holds this token; NotOffered where the operator allows none, else as `extend`."""
    _opened(services, instance_id, token)
    if not services.limits.box_extend:
        raise NotOffered("The operator does not let machines extend themselves. Use the link in your mail.")
    return _time(services, extending.extend(services, instance_id, hours=hours, key=key).instance)


def _opened(services: Services, instance_id: str, token: str) -> Instance:
    row = existing(services, instance_id)
    if not tokens.matches(token, secrets_of.token(services, row, tokens.Purpose.BOX)):
        raise unknown()
    return row


def _time(services: Services, row: Instance) -> BoxTime:
    left = 0
    if services.limits.box_extend and row.status is Status.RUNNING and row.machine is not None and row.expires_at:
        left = lease.hours_left(
            created_at=row.machine.created_at,
            expires_at=row.expires_at,
            max_life_hours=services.limits.max_life_hours,
        )
    return BoxTime(expires_at=row.expires_at, hours_left=left)

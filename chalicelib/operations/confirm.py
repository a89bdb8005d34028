"""Confirm a wish: whoever holds the mailbox says yes, and only then is anything reserved, in the write that starts it.

Looking is free: a mail scanner that follows the link changes nothing. A second yes has no effect and says so. The
confirm token opens this and nothing else, and is dead 24 hours after the signup.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from chalicelib.domain import lease, lifecycle, notice, tokens
from chalicelib.domain.email import EmailAddress
from chalicelib.domain.errors import ConfirmExpired, WriteConflict
from chalicelib.domain.instance import Choice, Instance, Status
from chalicelib.operations import secrets_of
from chalicelib.operations.admission import require_admission
from chalicelib.operations.affordable import affordable, in_stock, reservation
from chalicelib.operations.authorise import existing, unknown
from chalicelib.operations.save import save
from chalicelib.operations.services import Services

MAX_TRIES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchase:
    """What a yes would buy: the choices in their order (none: nothing of it is in stock now), billed at most so long.

    `already` when it has been confirmed.
    """

    instance: Instance
    choices: tuple[Choice, ...]
    most_hours: int
    already: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """The instance, and the token that manages it, which is told once: with the yes that had the effect."""

    instance: Instance
    manage_token: str | None
    already: bool


def look(services: Services, instance_id: str, token: str) -> Purchase:
    """What is to be confirmed; NotFound, ConfirmExpired."""
    row = _opened(services, instance_id, token)
    return Purchase(
        instance=row,
        choices=in_stock(services, row.wish, services.clock.now()),
        most_hours=lease.most_paid_hours(row.wish.hours, services.limits.rounding),
        already=row.status is not Status.UNCONFIRMED,
    )


def confirm(services: Services, instance_id: str, token: str) -> Confirmed:
    """Start it; NotFound, ConfirmExpired, SignupClosed, and what may stand against any order.

    That is LimitReached, OutOfStock and Paused.
    """
    for _ in range(MAX_TRIES):
        row = _opened(services, instance_id, token)
        if row.status is not Status.UNCONFIRMED:
            return Confirmed(instance=row, manage_token=None, already=True)
        try:
            stored = save(services, _requested(services, row, services.clock.now()), before=row)
        except WriteConflict:
            continue
        services.nudge.advance(stored.id)
        return Confirmed(instance=stored, manage_token=secrets_of.manage_token(services, stored), already=False)
    raise WriteConflict("Too many others are changing this instance. Try again.")


def _opened(services: Services, instance_id: str, token: str) -> Instance:
    row = existing(services, instance_id)
    wanted = secrets_of.token(services, row, tokens.Purpose.CONFIRM)
    if row.by_operator or not tokens.matches(token, wanted):
        raise unknown()
    if services.clock.now() >= row.created_at + lifecycle.CONFIRM_WITHIN or _was_forgotten(row):
        raise ConfirmExpired("This link was good for 24 hours and does not work any more.")
    return row


def _was_forgotten(row: Instance) -> bool:
    return row.terminal and row.requested_at is None


def _requested(services: Services, row: Instance, now: datetime) -> Instance:
    require_admission(services, EmailAddress(value=row.email))
    choices = affordable(services, row.wish, now)
    return replace(
        lifecycle.move(row, Status.REQUESTED, now),
        requested_at=now,
        due_at=now,
        holds=(reservation(services, row.wish, choices, now),),
        notices=notice.drop(row.notices, notice.Kind.CONFIRM, notice.Kind.EXISTS),
    )

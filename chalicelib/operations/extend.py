"""Move the end of a running machine: one conditional transaction on the end that was seen, with its money (rule R8).

Refused at or after the end, before the machine runs, and once it is being deleted. The same key again gives the same
answer and adds nothing, for as long as the row lives: every key that was granted is kept. Where the clocks of others
say that ours is wrong, nobody can say whether the end has come: then it is neither granted nor called over.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from chalicelib.domain import budget, lease, notice
from chalicelib.domain.errors import (
    EndedAlready,
    EndingAlready,
    EndMoved,
    InvalidInput,
    KeyReused,
    LimitReached,
    NotRunning,
    StoreUnavailable,
    WriteConflict,
)
from chalicelib.domain.instance import Choice, Extension, Instance, Machine, Status
from chalicelib.operations import clocks
from chalicelib.operations.authorise import existing
from chalicelib.operations.save import save
from chalicelib.operations.services import Services

MOST = 500
"""Extensions of one machine: all are kept in its row, which must stay far below the 400 KB of an item in the table."""

MAX_TRIES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Extended:
    """The instance, the extension that was granted, and the whole hours that may still be added."""

    instance: Instance
    extension: Extension
    hours_left: int


def extend(services: Services, instance_id: str, *, hours: int, key: str) -> Extended:
    """Add hours; NotFound, InvalidInput, NotRunning, EndingAlready, EndedAlready, EndMoved, LimitReached, KeyReused.

    StoreUnavailable: the clocks do not agree; try again.
    """
    if not 1 <= hours <= services.limits.max_hours:
        raise InvalidInput({"hours": f"Give whole hours from 1 to {services.limits.max_hours}."})
    row = existing(services, instance_id)
    seen = row.expires_at
    for _ in range(MAX_TRIES):
        if (known := _known(row, hours, key)) is not None:
            return _answer(services, row, known)
        if row.expires_at != seen and row.status is Status.RUNNING:
            raise EndMoved("The end was moved by another request at the same time.", expires_at=row.expires_at)
        extended = _extended(services, row, hours, key)
        try:
            stored = save(services, extended, before=row)
        except WriteConflict:
            row = existing(services, instance_id)
            continue
        services.nudge.advance(stored.id)
        return _answer(services, stored, stored.extensions[-1])
    raise EndMoved("Too many others are changing this instance. Try again.", expires_at=row.expires_at)


def _known(row: Instance, hours: int, key: str) -> Extension | None:
    known = next((granted for granted in row.extensions if granted.key == key), None)
    if known is not None and known.hours != hours:
        raise KeyReused("This Idempotency-Key was used before with other hours. Use a new key.")
    return known


def _extended(services: Services, row: Instance, hours: int, key: str) -> Instance:
    now = services.clock.now()
    expires_at, machine, choice = _still_runs(row)
    _require_time(services, expires_at, now)
    left = lease.hours_left(
        created_at=machine.created_at, expires_at=expires_at, max_life_hours=services.limits.max_life_hours
    )
    if len(row.extensions) >= MOST:
        raise LimitReached(f"A machine is extended at most {MOST} times.", limit="life", left=0)
    if hours > left:
        raise LimitReached(
            f"A machine lives at most {services.limits.max_life_hours} hours; {left} more can be added.",
            limit="life",
            left=left,
        )
    new_end = expires_at + hours * lease.HOUR
    granted = Extension(key=key, hours=hours, old_expires_at=expires_at, new_expires_at=new_end)
    told = notice.Notice(
        kind=notice.Kind.EXTENDED, key=f"extended-{int(new_end.timestamp())}", due_at=now, about=new_end
    )
    fresh = notice.drop(row.notices, notice.Kind.ENDING, notice.Kind.EXTENDED)
    return replace(
        row,
        expires_at=new_end,
        extensions=(*row.extensions, granted),
        holds=(*row.holds, budget.hold(now, choice.hourly, hours)),
        notices=notice.owe(fresh, told, *notice.endings(new_end, now)),
        due_at=now,
    )


def _require_time(services: Services, expires_at: datetime, now: datetime) -> None:
    """EndingAlready once the end has come; StoreUnavailable while the clocks of others contradict ours (rule R9)."""
    try:
        is_over = clocks.over(services, expires_at, now, unheard=True)
    except clocks.ClockDoubted as doubted:
        raise _unsure() from doubted
    if clocks.contradicted(services, now):
        raise _unsure()
    if is_over:
        raise EndingAlready("This machine's time is over and it is being deleted; order a new one.")


def _unsure() -> StoreUnavailable:
    return StoreUnavailable("The clocks of this service do not agree just now. Try again in a minute.")


def _still_runs(row: Instance) -> tuple[datetime, Machine, Choice]:
    """The present end with the machine and its price, while there is something to extend."""
    match row.status:
        case Status.DELETED | Status.FAILED:
            raise EndedAlready("This machine is gone; order a new one.")
        case Status.DELETING:
            raise EndingAlready("This machine is already being deleted; order a new one.")
        case Status.UNCONFIRMED | Status.REQUESTED | Status.CREATING | Status.INSTALLING:
            raise NotRunning("This machine does not run yet; its hours begin when it does.")
        case Status.RUNNING:
            pass
    if row.expires_at is None or row.machine is None or row.choice is None:
        raise NotRunning("This machine does not run yet; its hours begin when it does.")
    return row.expires_at, row.machine, row.choice


def _answer(services: Services, row: Instance, granted: Extension) -> Extended:
    left = 0
    if row.machine is not None and row.expires_at is not None:
        left = lease.hours_left(
            created_at=row.machine.created_at,
            expires_at=row.expires_at,
            max_life_hours=services.limits.max_life_hours,
        )
    return Extended(instance=row, extension=granted, hours_left=left)

"""Which mails an instance owes, and which of them are stale: the outbox that lives in the row.

A transition and the notice it owes are one write. Sending is a step of `advance`: the attempt is claimed by
compare-and-swap before the mail leaves (rule R19). How a mail looks is decided in `chalicelib/web`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

ENDING_BEFORE = (timedelta(minutes=60), timedelta(minutes=10))
"""How long before the end a guest is warned."""

MAX_ATTEMPTS = 2
"""Attempts whose outcome is unknown; more would risk a third copy."""

RETRY_AFTER_UNKNOWN = timedelta(minutes=5)
"""When the second attempt follows one with an unknown outcome."""

RETRY_AFTER_REFUSAL = timedelta(minutes=2)
"""When an attempt that is known to have failed is repeated."""


class Kind(StrEnum):
    """The notices a guest gets."""

    CONFIRM = "confirm"
    EXISTS = "exists"
    READY = "ready"
    ENDING = "ending"
    EXTENDED = "extended"
    ENDED = "ended"
    FAILED = "failed"


class State(StrEnum):
    """What became of a notice.

    `UNCONFIRMED` means that both attempts had an unknown outcome, `UNDELIVERABLE` that the address takes no mail.
    """

    OWED = "owed"
    SENT = "sent"
    DROPPED = "dropped"
    UNDELIVERABLE = "undeliverable"
    UNCONFIRMED = "unconfirmed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One mail owed: `key` makes it unique within its instance, `about` is the end it speaks of."""

    kind: Kind
    key: str
    due_at: datetime
    about: datetime | None = None
    attempts: int = 0
    refusals: int = 0
    state: State = State.OWED


def owe(notices: tuple[Notice, ...], *new: Notice) -> tuple[Notice, ...]:
    """The outbox with the new notices; one that is there already (same key) is not owed twice."""
    known = {notice.key for notice in notices}
    return (*notices, *(notice for notice in new if notice.key not in known))


def endings(expires_at: datetime, now: datetime) -> tuple[Notice, ...]:
    """The warnings before an end whose moments still lie ahead; one whose moment is past is not worth saying."""
    planned = []
    for before in ENDING_BEFORE:
        due_at = expires_at - before
        minutes = int(before.total_seconds() // 60)
        key = f"ending-{minutes}-{int(expires_at.timestamp())}"
        if due_at > now:
            planned.append(Notice(kind=Kind.ENDING, key=key, due_at=due_at, about=expires_at))
    return tuple(planned)


def drop(notices: tuple[Notice, ...], *kinds: Kind) -> tuple[Notice, ...]:
    """The outbox in which owed notices of these kinds have become stale."""
    return tuple(
        replace(notice, state=State.DROPPED) if notice.kind in kinds and notice.state is State.OWED else notice
        for notice in notices
    )


def owed(notices: tuple[Notice, ...]) -> tuple[Notice, ...]:
    """What is still to be sent, the earliest first."""
    return tuple(sorted((n for n in notices if n.state is State.OWED), key=lambda n: n.due_at))


def update(notices: tuple[Notice, ...], changed: Notice) -> tuple[Notice, ...]:
    """The outbox with one notice replaced by its changed form."""
    return tuple(changed if notice.key == changed.key else notice for notice in notices)


def is_overtaken(notice: Notice, notices: tuple[Notice, ...], now: datetime) -> bool:
    """Whether a warning has waited so long that the next one is due as well: two at once say the same thing twice."""
    return notice.kind is Kind.ENDING and any(
        other.kind is Kind.ENDING and other.state is State.OWED and notice.due_at < other.due_at <= now
        for other in notices
    )


def is_stale(notice: Notice, *, expires_at: datetime | None, ending: bool, confirmed: bool, now: datetime) -> bool:
    """Whether a notice would tell something that is no longer so.

    A warning is stale when the end has moved, the instance is ending, or the end is past; `ready` and `extended`
    when the instance is ending; `confirm` and `exists` once nothing is to be confirmed; both kinds of farewell never.
    """
    match notice.kind:
        case Kind.ENDING:
            return ending or notice.about != expires_at or (expires_at is not None and now >= expires_at)
        case Kind.READY:
            return ending
        case Kind.EXTENDED:
            return ending or notice.about != expires_at
        case Kind.CONFIRM | Kind.EXISTS:
            return confirmed
        case Kind.ENDED | Kind.FAILED:
            return False

"""Which warnings a letter may promise: those that are owed and whose moment has not come. It plans none itself."""

from __future__ import annotations

from datetime import datetime, timedelta

from chalicelib.domain.instance import Instance
from chalicelib.domain.notice import ENDING_BEFORE, Kind, State
from chalicelib.web import words


def warnings_ahead(instance: Instance, end: datetime, now: datetime) -> tuple[timedelta, ...]:
    """How long before this end the mails will come that the row owes, as written at `now`; the first one first."""
    owed = {
        notice.due_at
        for notice in instance.notices
        if notice.kind is Kind.ENDING and notice.state is State.OWED and notice.about == end and notice.due_at > now
    }
    # one that was tried and is tried again is due at a moment of which nothing can be promised
    return tuple(before for before in ENDING_BEFORE if end - before in owed)


def promised(warnings: tuple[timedelta, ...]) -> str | None:
    """`1 hour before the end, and 10 minutes before it`; None where nothing can be promised."""
    if not warnings:
        return None
    first, *others = (words.span(before) for before in warnings)
    return ", and ".join([f"{first} before the end", *(f"{other} before it" for other in others)])

"""An alarm about something that lasts: told when it begins, and again each hour for as long as it goes on.

A row is looked at every few seconds, and so is a platform that refuses it; a person who is told each time soon reads
none of it. When something was told last is kept in the table, so that all workers are one. This file knows no event:
whoever raises one says what it is about.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any

from chalicelib.domain.errors import CounterFull, Unavailable
from chalicelib.operations import ports

AGAIN_AFTER = timedelta(hours=1)
KEPT = 2 * AGAIN_AFTER

OF_ONE_ROW = frozenset({"instance_id", "attempt"})
"""Fields that name who met it; what many rows meet is one thing all the same."""


def raise_seldom(
    instances: ports.Instances, alarms: ports.Alarms, now: datetime, event: str, *, about: str, **fields: Any
) -> None:
    """Raise the alarm unless it was raised about the same thing within the hour; a silent table holds none back."""
    try:
        due = _is_due(instances, told_key(event, about), now)
    except Unavailable:
        due = True
    if due:
        alarms.raise_alarm(event, **fields)


def told_key(event: str, about: str) -> str:
    """The counter that holds when an alarm was last raised about a thing, in seconds since 1970."""
    return f"rate#told#{event}#{hashlib.sha256(about.encode()).hexdigest()[:16]}"


def _is_due(instances: ports.Instances, key: str, now: datetime) -> bool:
    """Whether it is to be told now; of two who ask at once one is told so.

    The counter is raised to this moment and no further: whoever comes second would raise it beyond, and is refused.
    """
    moment, last = int(now.timestamp()), instances.counters([key])[key]
    if moment - last < AGAIN_AFTER.total_seconds():
        return False
    try:
        instances.add(key, moment - last, cap=moment, expires_at=now + KEPT)
    except CounterFull:
        return False
    return True


class SeldomAlarms:
    """Alarms of what many rows meet again and again, each thing told once an hour: a port in front of another one."""

    def __init__(self, alarms: ports.Alarms, instances: ports.Instances, clock: ports.Clock) -> None:
        self._alarms = alarms
        self._instances = instances
        self._clock = clock

    def raise_alarm(self, event: str, **fields: Any) -> None:
        """Raise the alarm unless the same event with the same fields was raised within the hour, by whatever row."""
        about = repr(sorted((name, fields[name]) for name in fields.keys() - OF_ONE_ROW))
        raise_seldom(self._instances, self._alarms, self._clock.now(), event, about=about, **fields)

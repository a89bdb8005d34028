"""The circuit breaker: builds that fail one after the other, all for one cause, hold back new orders (row B22).

Decides which causes can be the service's own fault, when the breaker opens and when it is over, and which failures of
the last day are remembered for whoever asks how builds go. It must not know who asks or where the state is kept:
`operations/breaker.py` does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chalicelib.domain.build import Cause
from chalicelib.domain.explanations import EXPLANATIONS

IN_A_ROW = 3
"""Failures of different instances, without a success between them, that open the breaker."""

OPEN_FOR = timedelta(minutes=60)
"""How long it stays open if nobody closes it and no build succeeds."""

REMEMBERED = 50
"""Instances whose failure is known to have been counted, so that a step that is taken again counts nothing twice."""

NOT_OURS = frozenset({Cause.STOCK, Cause.LIMIT, Cause.PROVIDER_LIMIT, Cause.PAUSED, Cause.NO_BUILDER, Cause.REVOKED})
"""Causes that say nothing of a defect: a market, a cap or a house that is full, a pause, and what was called off."""


RECENT_FOR = timedelta(hours=24)
RECENT_MOST = 100
"""How long a failure is remembered, and how many: the item must stay small."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedBuild:
    """A build that failed for good; the cause as text, since a release must be able to read the next one's."""

    at: datetime
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerState:
    """The `breaker` item: `count` failures in a row for `cause`, the last of which to count came at `since`.

    `counted` holds the ids of the newest instances that were counted; a success does not forget them. `recent` are the
    failures of the last day, the newest last, whether they counted in the row or not.
    """

    cause: Cause | None = None
    count: int = 0
    since: datetime | None = None
    counted: tuple[str, ...] = ()
    recent: tuple[FailedBuild, ...] = ()
    version: int = 0


def failed(state: BreakerState, cause: Cause, instance_id: str, now: datetime) -> BreakerState:
    """The state after an instance has failed for good; the same value when that does not count.

    While the breaker is open, failures of what was ordered before neither raise the count nor keep it open longer.
    """
    if cause in NOT_OURS or instance_id in state.counted:
        return state
    recent = (*failed_builds(state, now), FailedBuild(at=now, cause=cause.value))
    known = replace(state, counted=(*state.counted, instance_id)[-REMEMBERED:], recent=recent[-RECENT_MOST:])
    if open_until(state, now) is not None:
        return known
    goes_on = cause is state.cause and state.count < IN_A_ROW
    return replace(known, cause=cause, count=state.count + 1 if goes_on else 1, since=now)


def closed(state: BreakerState) -> BreakerState:
    """The state after a success or an operator's word: the row of failures is broken."""
    return replace(state, cause=None, count=0, since=None)


def open_until(state: BreakerState, now: datetime) -> datetime | None:
    """When the open breaker closes by itself; None when it is not open."""
    if state.count < IN_A_ROW or state.since is None:
        return None
    until = state.since + OPEN_FOR
    return until if now < until else None


def failed_builds(state: BreakerState, now: datetime) -> tuple[FailedBuild, ...]:
    """The builds that failed within the last day, the newest last; of very many the newest `RECENT_MOST`."""
    return tuple(each for each in state.recent if now - each.at < RECENT_FOR)


def reason(state: BreakerState) -> str:
    """Why nothing is ordered now, for whoever wants to."""
    why = "" if state.cause is None else f" {EXPLANATIONS[state.cause].message}"
    return (
        f"New machines are held back, because the last {state.count} could not be made, all for one reason.{why} "
        "It is noted for the operator. Machines that run are not concerned."
    )

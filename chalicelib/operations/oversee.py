"""What an operator has to know at one glance: what stands against new machines, what they cost, what is late.

Only the table is asked, never the provider. Of very many machines the newest are looked at, and it is said so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.domain import breaker, budget, cost, lifecycle
from chalicelib.domain.breaker import BreakerState
from chalicelib.domain.instance import Instance, Status
from chalicelib.domain.limits import CREATES, PROVIDER_REQUESTS
from chalicelib.domain.notice import State
from chalicelib.operations.marker import require_stack
from chalicelib.operations.ports import StackState
from chalicelib.operations.save import LIVE, spend_key
from chalicelib.operations.services import Services

PAGE = 200
MOST = 1000
"""How many machines are looked at."""

GRACE = timedelta(minutes=3)
"""How long after its end, or after its next look was due, a machine is not called late (invariant 7)."""

IN_TROUBLE = frozenset({State.UNDELIVERABLE, State.UNCONFIRMED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Late:
    """An instance of which something was due at `since` and has not happened."""

    instance_id: str
    status: Status
    why: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Undelivered:
    """A mail that did not reach its guest, or of which that is not known."""

    instance_id: str
    kind: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Oversight:
    """Money is in millionths of a euro, `creates` and `provider_requests` are those of the last hour as it is counted.

    `provider_requests_reset_at` is when none of those is counted any more. `more` says that there are machines that
    were not looked at.
    """

    now: datetime
    stack: StackState
    breaker: BreakerState
    breaker_open_until: datetime | None
    month: str
    reserved: int
    live: int
    creates: int
    provider_requests: int
    provider_requests_reset_at: datetime
    so_far: int
    projected: int
    late: tuple[Late, ...]
    undelivered: tuple[Undelivered, ...]
    more: bool


def oversee(services: Services) -> Oversight:
    """The state of everything; StoreUnavailable."""
    now, state = services.clock.now(), services.breaker.get()
    month = budget.month_of(now)
    spend = spend_key(month)
    counted = services.instances.counters([LIVE, spend, *CREATES.keys(now), *PROVIDER_REQUESTS.keys(now)])
    rows, more = _living(services)
    return Oversight(
        now=now,
        stack=require_stack(services),
        breaker=state,
        breaker_open_until=breaker.open_until(state, now),
        month=month,
        reserved=counted[spend],
        live=counted[LIVE],
        creates=CREATES.used(counted, now),
        provider_requests=PROVIDER_REQUESTS.used(counted, now),
        provider_requests_reset_at=PROVIDER_REQUESTS.room_at(counted, now, cap=1),
        so_far=sum(cost.so_far(row, now) for row in rows),
        projected=sum(cost.projected(row, now) for row in rows),
        late=tuple(sorted((late for row in rows for late in _late(row, now)), key=lambda late: late.since)),
        undelivered=tuple(each for row in rows for each in _undelivered(row)),
        more=more,
    )


def _living(services: Services) -> tuple[list[Instance], bool]:
    rows: list[Instance] = []
    cursor: str | None = None
    while True:
        page = services.instances.page(ended=False, limit=PAGE, cursor=cursor)
        rows += page.instances
        cursor = page.next_cursor
        if cursor is None or len(rows) >= MOST:
            return rows, cursor is not None


def _late(row: Instance, now: datetime) -> Iterator[Late]:
    """The worst that can be said of a row, if anything."""
    deadline = lifecycle.deadline(row)
    if deadline is not None and deadline < now:
        yield Late(instance_id=row.id, status=row.status, why="its time for this is over", since=deadline)
    elif row.status is Status.RUNNING and row.expires_at is not None and row.expires_at + GRACE < now:
        yield Late(instance_id=row.id, status=row.status, why="its end is over", since=row.expires_at)
    elif row.due_at is not None and row.due_at + GRACE < now:
        yield Late(instance_id=row.id, status=row.status, why="nobody has looked at it", since=row.due_at)


def _undelivered(row: Instance) -> Iterator[Undelivered]:
    for notice in row.notices:
        if notice.state in IN_TROUBLE:
            yield Undelivered(instance_id=row.id, kind=notice.kind.value, state=notice.state.value)

"""The one way a row is written: money, the live count and the quota of its owner follow from what it was and becomes.

No verb can forget a refund, since no verb does the sum: the counters of a write are the difference between the two
values of the row.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

from chalicelib.domain import budget
from chalicelib.domain.build import BuildRecord
from chalicelib.domain.errors import CounterFull, LimitReached
from chalicelib.domain.instance import Instance, Status
from chalicelib.domain.limits import Limits
from chalicelib.operations.ports import CounterChange
from chalicelib.operations.services import Services

LIVE = "live"
QUOTA_KEPT = timedelta(days=30)

_log = logging.getLogger("ccc.instances")
NOT_COUNTED = frozenset({Status.UNCONFIRMED, Status.DELETED, Status.FAILED})


def spend_key(month: str) -> str:
    """The counter of money set aside in a month, in millionths of a euro."""
    return f"spend#{month}"


def quota_key(owner: str) -> str:
    """The counter of what one address has at a time; operators' orders are not counted (`architecture.md`, Limits)."""
    return f"quota#{owner}"


def counter_changes(before: Instance | None, after: Instance, limits: Limits) -> tuple[CounterChange, ...]:
    """What a write does to the counters; only what grows has a cap."""
    months: Counter[str] = Counter()
    for hold in after.holds:
        months[hold.month] += hold.micro_eur
    for hold in before.holds if before else ():
        months[hold.month] -= hold.micro_eur
    cap = budget.micro(limits.max_monthly_eur)
    changes = [
        CounterChange(key=spend_key(month), amount=amount, cap=cap if amount > 0 else None)
        for month, amount in sorted(months.items())
        if amount
    ]
    lives = _counted(after) - (_counted(before) if before else 0)
    if lives:
        changes.append(CounterChange(key=LIVE, amount=lives, cap=limits.max_live if lives > 0 else None))
    owned = _owned(after) - (_owned(before) if before else 0)
    if owned:
        changes.append(_quota(after, owned, limits))
    return tuple(changes)


def _quota(after: Instance, amount: int, limits: Limits) -> CounterChange:
    """The change of an owner's quota; the counter outlives every life it counts, and then goes like a tombstone."""
    expires_at = after.status_since + timedelta(hours=limits.max_life_hours) + QUOTA_KEPT
    cap = limits.per_owner if amount > 0 else None
    return CounterChange(key=quota_key(after.owner), amount=amount, cap=cap, expires_at=expires_at)


def _owned(instance: Instance) -> int:
    return 0 if instance.by_operator else _counted(instance)


def _counted(instance: Instance) -> int:
    return 0 if instance.status in NOT_COUNTED else 1


def save(
    services: Services,
    after: Instance,
    *,
    before: Instance | None,
    build: tuple[BuildRecord | None, BuildRecord] | None = None,
    more: Sequence[CounterChange] = (),
) -> Instance:
    """Write a row with what it does to the counters; LimitReached when a cap of the operator stands in the way.

    `more` are counters of the caller's own in the same write; CounterFull is raised as it is when one of them is full.
    """
    counters = (*counter_changes(before, after, services.limits), *more)
    try:
        stored = services.instances.write(after, before=before, counters=counters, build=build)
    except CounterFull as full:
        key = str(full.data.get("key", ""))
        if key in {change.key for change in more}:
            raise
        raise limit_reached(services, key) from full
    if before is None or before.status is not after.status:
        _tell(before, stored)
    return stored


def _tell(before: Instance | None, after: Instance) -> None:
    """One log line for each step of a life: what an operator greps for."""
    fields = {
        "instance_id": after.id,
        "was": None if before is None else before.status.value,
        "reason": None if after.end_reason is None else after.end_reason.value,
        "cause": None if after.failure is None else after.failure.code,
    }
    _log.info(f"instance.{after.status.value}", extra={"fields": fields})


def limit_reached(services: Services, key: str) -> LimitReached:
    """The error for a full counter, in words for a person."""
    if key == LIVE:
        cap = services.limits.max_live
        return LimitReached(f"The service runs {cap} machines at once, and all are in use.", limit="live", left=0)
    if key.startswith(quota_key("")):
        most = services.limits.per_owner
        what = "a machine" if most == 1 else f"{most} machines"
        return LimitReached(
            f"You already have {what}, which is as many as one address may have. End it first.", limit="owner", left=0
        )
    cap_eur = services.limits.max_monthly_eur
    return LimitReached(f"The service's spending limit of {cap_eur} EUR a month is reached.", limit="spend", left=0)

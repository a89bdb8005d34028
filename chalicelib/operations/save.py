"""The one way a row is written: money, the live count, the quota of its owner and the audit follow from the change.

No verb can forget a refund, since no verb does the sum: the counters of a write, and the entries that say who did what,
are the difference between the two values of the row, and are written with it.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

from chalicelib.domain import budget
from chalicelib.domain.audit import AuditEntry, BuildChange, deeds
from chalicelib.domain.errors import CounterFull, LimitReached
from chalicelib.domain.instance import Instance, Status
from chalicelib.domain.limits import Limits
from chalicelib.operations import exclusion
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
    """What a write does to the counters; only what grows has a cap, and an end has none: it is billed already."""
    months: Counter[str] = Counter()
    for hold in after.holds:
        months[hold.month] += hold.micro_eur
    for hold in before.holds if before else ():
        months[hold.month] -= hold.micro_eur
    cap = budget.micro(limits.max_monthly_eur)
    changes = [
        CounterChange(key=spend_key(month), amount=amount, cap=cap if amount > 0 and not after.terminal else None)
        for month, amount in sorted(months.items())
        if amount
    ]
    lives = counts_live(after) - (counts_live(before) if before else 0)
    if lives:
        changes.append(CounterChange(key=LIVE, amount=lives, cap=limits.max_live if lives > 0 else None))
    owned = counts_for_owner(after) - (counts_for_owner(before) if before else 0)
    if owned:
        changes.append(_quota(after, owned, limits))
    return tuple(changes)


def _quota(after: Instance, amount: int, limits: Limits) -> CounterChange:
    """The change of an owner's quota; the counter outlives every life it counts, and then goes like a tombstone."""
    expires_at = after.status_since + timedelta(hours=limits.max_life_hours) + QUOTA_KEPT
    cap = limits.per_owner if amount > 0 else None
    return CounterChange(key=quota_key(after.owner), amount=amount, cap=cap, expires_at=expires_at)


def counts_for_owner(instance: Instance) -> int:
    """1 for a row that counts against the quota of its owner, else 0."""
    return 0 if instance.by_operator else counts_live(instance)


def counts_live(instance: Instance) -> int:
    """1 for a row that counts against the cap on live machines, else 0."""
    return 0 if instance.status in NOT_COUNTED else 1


def save(
    services: Services,
    after: Instance,
    *,
    before: Instance | None,
    build: BuildChange | None = None,
    more: Sequence[CounterChange] = (),
) -> Instance:
    """Write a row with what it does to the counters; LimitReached when a cap of the operator stands in the way.

    SignupClosed when an operator has shut its owner out in this moment. `more` are counters of the caller's own in the
    same write; CounterFull is raised as it is when one of them is full.
    """
    counters = (*counter_changes(before, after, services.limits), *_guards(services, before, after), *more)
    audit = audit_entries(services, before, after, build)
    try:
        stored = services.instances.write(after, before=before, counters=counters, build=build, audit=audit)
    except CounterFull as full:
        key = str(full.data.get("key", ""))
        if key in {change.key for change in more}:
            raise
        if exclusion.is_guard(key):
            raise exclusion.closed() from full
        raise limit_reached(services, key) from full
    if before is None or before.status is not after.status:
        _tell(before, stored)
    return stored


def audit_entries(
    services: Services, before: Instance | None, after: Instance, build: BuildChange | None
) -> tuple[AuditEntry, ...]:
    """Who did what with this write; nothing for a write that changes nothing a person would ask about."""
    at, actor = services.clock.now(), services.actor
    return tuple(
        AuditEntry(at=at, actor=actor, did=did, instance_id=after.id, about=about)
        for did, about in deeds(before, after, build)
    )


def _guards(services: Services, before: Instance | None, after: Instance) -> tuple[CounterChange, ...]:
    """A guest's row that begins to count against their quota is not written once they are shut out."""
    begins = counts_for_owner(after) > (counts_for_owner(before) if before else 0)
    return (exclusion.guard(services, after.owner),) if begins else ()


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

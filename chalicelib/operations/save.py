"""The one way a row is written: money and the live count follow from what the row was and what it becomes.

No verb can forget a refund, since no verb does the sum: the counters of a write are the difference between the two
values of the row.
"""

from __future__ import annotations

from collections import Counter

from chalicelib.domain import budget
from chalicelib.domain.build import BuildRecord
from chalicelib.domain.errors import CounterFull, LimitReached
from chalicelib.domain.instance import Instance, Status
from chalicelib.domain.limits import Limits
from chalicelib.operations.ports import CounterChange
from chalicelib.operations.services import Services

LIVE = "live"
NOT_COUNTED = frozenset({Status.UNCONFIRMED, Status.DELETED, Status.FAILED})


def spend_key(month: str) -> str:
    """The counter of money set aside in a month, in millionths of a euro."""
    return f"spend#{month}"


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
    return tuple(changes)


def _counted(instance: Instance) -> int:
    return 0 if instance.status in NOT_COUNTED else 1


def save(
    services: Services,
    after: Instance,
    *,
    before: Instance | None,
    build: tuple[BuildRecord | None, BuildRecord] | None = None,
) -> Instance:
    """Write a row with what it does to the counters; LimitReached when a cap of the operator stands in the way."""
    counters = counter_changes(before, after, services.limits)
    try:
        return services.instances.write(after, before=before, counters=counters, build=build)
    except CounterFull as full:
        raise limit_reached(services, str(full.data.get("key", ""))) from full


def limit_reached(services: Services, key: str) -> LimitReached:
    """The error for a full counter, in words for a person."""
    if key == LIVE:
        cap = services.limits.max_live
        return LimitReached(f"The service runs {cap} machines at once, and all are in use.", limit="live", left=0)
    cap_eur = services.limits.max_monthly_eur
    return LimitReached(f"The service's spending limit of {cap_eur} EUR a month is reached.", limit="spend", left=0)

"""What an instance costs its operator, in millionths of a euro, IPv4 included: up to now, and up to its end."""

from __future__ import annotations

from datetime import datetime

from chalicelib.domain import budget
from chalicelib.domain.instance import Instance


def so_far(instance: Instance, now: datetime) -> int:
    """What the provider bills up to now, or up to the end that has come."""
    return budget.billed(instance, instance.ended_at or now)


def projected(instance: Instance, now: datetime) -> int:
    """What it will have cost at its end as it stands; what is set aside while that end is not known."""
    end = instance.ended_at
    if instance.machine is None:
        return budget.held(instance.holds)
    if end is None and instance.expires_at is None:
        return max(so_far(instance, now), budget.held(instance.holds))
    return budget.billed(instance, end or max(instance.expires_at or now, now))

"""What a wish can cost at most, as numbers that a page can also work with: no rule of billing is in a script.

Money is euros; the hours billed are `domain/lease.py`'s matter.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from chalicelib.domain import budget, lease
from chalicelib.domain.limits import Rounding

USUALLY_READY = timedelta(minutes=5)
"""What a page assumes between a confirmation and the first login when it foretells an end."""

_ANY_DAY = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """For `h` hours at most `max(h + extra, least)` are billed; the end is `h` hours and `minutes` after ordering."""

    extra: int
    least: int
    minutes: int


def rule(rounding: Rounding, most_hours: int) -> Rule:
    """The rule for wishes of 1 to `most_hours` hours."""
    least = lease.most_paid_hours(1, rounding)
    end = lease.first_end(created_at=_ANY_DAY, running_at=_ANY_DAY + USUALLY_READY, hours=1, rounding=rounding)
    return Rule(
        extra=lease.most_paid_hours(most_hours, rounding) - most_hours,
        least=least,
        minutes=(end - _ANY_DAY - timedelta(hours=1)) // timedelta(minutes=1),
    )


def most_cost(hours_billed: int, hourly: Collection[Decimal]) -> str:
    """The most that so many started hours can cost at any of these prices, such as `1.79`; rounded up to the cent."""
    return str(budget.euros(budget.micro(max(hourly, default=Decimal(0)) * hours_billed)))

"""When a machine ends: whole hours, fitted to the hours that Hetzner bills from the server's creation.

Hetzner bills every started hour. An end is always `created + k hours - 5 minutes`: the slack is for crashes and ticks
before the next paid hour begins. Nothing here knows a clock.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from chalicelib.domain.limits import Rounding

HOUR = timedelta(hours=1)
SLACK = timedelta(minutes=5)
"""An end lies this long before the next paid hour."""

BEFORE_RUNNING = timedelta(minutes=70)
"""The longest a server may be paid for before it runs: 10 min creating and 60 min installing (rule R14)."""


def _ceil_hours(span: timedelta) -> int:
    return -(-span // HOUR)


def first_end(*, created_at: datetime, running_at: datetime, hours: int, rounding: Rounding) -> datetime:
    """The end of a machine that begins to run.

    `UP`: the smallest `created + k h - 5 min` that is at least `running_at + hours`. `DOWN`: the largest that is at
    most `created + hours`, exactly the hours paid.
    """
    match rounding:
        case Rounding.UP:
            paid = _ceil_hours(running_at + hours * HOUR + SLACK - created_at)
        case Rounding.DOWN:
            paid = hours
    return created_at + max(paid, 1) * HOUR - SLACK


def paid_hours(*, created_at: datetime, ended_at: datetime) -> int:
    """The started hours between a server's creation and its end: what Hetzner bills, at least one."""
    return max(_ceil_hours(ended_at - created_at), 1)


def most_paid_hours(hours: int, rounding: Rounding) -> int:
    """The most hours that can be billed for a wish before the machine's real start is known."""
    match rounding:
        case Rounding.UP:
            return _ceil_hours(hours * HOUR + BEFORE_RUNNING + SLACK)
        case Rounding.DOWN:
            # a build that takes longer than the lease itself is paid for all the same
            return max(hours, _ceil_hours(BEFORE_RUNNING))


def hard_end(created_at: datetime, max_life_hours: int) -> datetime:
    """The moment beyond which no machine lives, whatever anybody asked for; it too lies inside a paid hour."""
    return created_at + max_life_hours * HOUR - SLACK


def hours_left(*, created_at: datetime, expires_at: datetime, max_life_hours: int) -> int:
    """The whole hours by which the end may still be moved."""
    return max((hard_end(created_at, max_life_hours) - expires_at) // HOUR, 0)

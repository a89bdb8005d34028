"""What people asked for, as they know it themselves: hours, more hours, an end; and what that may cost.

Nothing here is read from what the service writes down about its own deeds, but for the moment from which a machine
runs: that is when the hours that were asked for begin. The rule of whole hours is written once more, from the words of
`docs/operating.md` and not from the product's code.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hetzner_emulator.records import Server
from tests.unit.domain.samples import HOUR, MINUTE

SLACK = 5 * MINUTE
"""An end lies this long before the next hour that would be paid; crashes and ticks must find room in it."""

MOST_BUILT = 75 * MINUTE
"""From an order's server to the end of all its attempts: ten minutes for the server, an hour for the builds (R14)."""


@dataclass(slots=True, kw_only=True)
class Asked:
    """What was asked for one instance; `seen_ending` is when anybody could first see that it ends."""

    hours: int
    more: int = 0
    released_at: datetime | None = None
    running_at: datetime | None = None
    failed: bool = False
    seen_ending: datetime | None = None


@dataclass(slots=True)
class Outages:
    """When the provider did not answer at all."""

    spans: list[tuple[datetime, datetime]] = field(default_factory=list)

    def within(self, begin: datetime, end: datetime) -> timedelta:
        """How much of a span of time the provider was away."""
        parts = (min(end, until) - max(begin, since) for since, until in self.spans)
        return sum((part for part in parts if part > timedelta(0)), timedelta(0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One server: the hours that were asked for and those that are billed, and how late it went."""

    name: str
    asked: int
    billed: int
    late: timedelta
    away: timedelta

    @property
    def ours(self) -> timedelta:
        """How much of its delay the provider's absence does not explain."""
        return self.late - self.away

    @property
    def extra(self) -> str | None:
        """Why an hour more is billed than was asked for, by name; None when there is none."""
        if self.billed <= self.asked:
            return None
        if self.away:
            return f"the provider was away for {self.away}"
        if self.ours <= SLACK and self.billed == self.asked + 1:
            return "asked to end in the last minutes of an hour"
        return f"WE WERE LATE by {self.late}"


def line(server: Server, asked: Asked, outages: Outages) -> Line:
    """Hold one server against what was asked for it."""
    created, deleted = (datetime.fromtimestamp(moment, UTC) for moment in (server.created, server.deleted_at or 0))
    end = asked_end(created, asked)
    return Line(
        name=server.name,
        asked=started(created, end),
        billed=started(created, deleted),
        late=max(deleted - end, timedelta(0)),
        away=outages.within(end, deleted),
    )


def asked_end(created: datetime, asked: Asked) -> datetime:
    """The moment at which the server should be gone."""
    ends = [] if asked.released_at is None else [asked.released_at]
    if asked.failed:
        assert asked.seen_ending is not None
        ends.append(min(asked.seen_ending, created + MOST_BUILT))
    if asked.running_at is not None:
        ends.append(whole_hours_end(created, asked.running_at + asked.hours * HOUR) + asked.more * HOUR)
    return min(ends)


def whole_hours_end(created: datetime, wished: datetime) -> datetime:
    """The first moment, not before the one that was wished, that lies the slack before a new hour is paid."""
    end = created + HOUR - SLACK
    while end < wished:
        end += HOUR
    return end


def started(created: datetime, end: datetime) -> int:
    """Started hours."""
    return max(1, -(-(end - created) // HOUR))

"""At most so many in any span of a length, wherever the span begins: which counters are added up, and what they leave.

A count by the clock's hours lets twice as much out around the full hour. So the length is cut into twelve parts, each
with a counter of its own, and what is counted is this part and all before it that a span of the length can reach. One
more part back bears clocks that differ and work that is done a little after it was counted; the next part is added up
too, because somebody whose clock is ahead may count there already. The price is that what was counted leaves between
five and ten parts in sixty later than it might. Nothing here reads a counter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

PARTS = 12
"""Into how many parts the length is cut."""

BEHIND, AHEAD = PARTS + 1, 1
"""How many parts before and after the present one are added up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlidingWindow:
    """What is counted under `name` in any span of `length`, which is a whole number of seconds in each part."""

    name: str
    length: timedelta

    @property
    def part(self) -> timedelta:
        """How long one counter counts."""
        return self.length / PARTS

    def key(self, now: datetime) -> str:
        """The counter in which something is counted now."""
        return self._key(self._number(now))

    def keys(self, now: datetime) -> tuple[str, ...]:
        """The counters that are added up, the oldest first."""
        number = self._number(now)
        return tuple(self._key(each) for each in range(number - BEHIND, number + AHEAD + 1))

    def purge_at(self, now: datetime) -> datetime:
        """When the store may throw away a counter in which something is counted now: nobody reads it any more."""
        return now + 2 * self.length

    def used(self, counts: Mapping[str, int], now: datetime) -> int:
        """How many are counted now; `counts` has at least `keys`."""
        return sum(counts[key] for key in self.keys(now))

    def room_at(self, counts: Mapping[str, int], now: datetime, cap: int) -> datetime:
        """When fewer than `cap` are counted, if nothing more is: now, or when enough of the oldest have left."""
        used, number = self.used(counts, now), self._number(now)
        for each in range(number - BEHIND, number + AHEAD + 1):
            if used < cap:
                break
            used -= counts[self._key(each)]
            now = datetime.fromtimestamp((each + BEHIND + 1) * self._part_seconds, UTC)
        return now

    def neighbours(self, now: datetime, within: timedelta) -> tuple[str, ...]:
        """The other counters in which somebody may count at this moment whose clock is off by at most `within`."""
        first, last = self._number(now - within), self._number(now + within)
        return tuple(self._key(each) for each in range(first, last + 1) if each != self._number(now))

    @property
    def _part_seconds(self) -> int:
        return int(self.part.total_seconds())

    def _number(self, moment: datetime) -> int:
        return int(moment.timestamp()) // self._part_seconds

    def _key(self, number: int) -> str:
        return f"rate#{self.name}#{number}"

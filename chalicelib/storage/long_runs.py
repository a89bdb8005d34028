"""How the record of a run fits into items of 400 KB: acts and errors go on in items of their own, the rest is counted.

What a run did is never cut: everything before the last hundred lies in parts that are written once. What it left
alone may be ten thousand servers with the same few reasons: of each reason some are kept, the rare ones whole, and it
is said how many more there were.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from chalicelib.domain.reasons import LEFT_OUT
from chalicelib.operations.ports import RunEntry

PART = 100
"""Entries in an item of their own: some 15 KB."""

MOST_SKIPPED = 400
"""Entries of what was left alone that are kept of one run, with a line for every reason that had more."""


def full_parts(entries: Sequence[object]) -> int:
    """How many parts of a list can be put away; the last entry never is, for it may still change."""
    return max(len(entries) - 1, 0) // PART


def part_of(entries: Sequence[object], number: int) -> Sequence[object]:
    """One part of a list."""
    return entries[number * PART : (number + 1) * PART]


def shortened(entries: tuple[RunEntry, ...]) -> tuple[RunEntry, ...]:
    """As many of each reason as fit, in their order, and behind them what was left out of which reason."""
    counted = Counter(map(_kind, entries))
    most = _most_of_each(sorted(counted.values()))
    seen: Counter[tuple[str, str]] = Counter()
    kept = []
    for entry in entries:
        seen[_kind(entry)] += 1
        if seen[_kind(entry)] <= most:
            kept.append(entry)
    more = [
        RunEntry(what=LEFT_OUT, why=f"{count - most} more were {what}: {why}")
        for (what, why), count in counted.items()
        if count > most
    ]
    return (*kept, *more)


def _kind(entry: RunEntry) -> tuple[str, str]:
    """What is counted together: the same reason, whatever the facts of the single case in parentheses."""
    return entry.what, entry.why.partition(" (")[0]


def _most_of_each(counts: list[int]) -> int:
    """So many of each kind that all together are not more than fit; `counts` are in order, the smallest first."""
    room = MOST_SKIPPED
    for number, count in enumerate(counts):
        share = room // (len(counts) - number)
        if count > share:
            return max(share, 1)
        room -= count
    return max(counts, default=1)

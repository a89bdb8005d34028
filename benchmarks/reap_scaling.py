"""What a tick costs as the number of living rows grows: a hundredth is due, at 1,000 and at 20,000 rows in SQLite.

The peer of the large table is the small one. Provider, mailer and clock are fakes, so that what is timed is our own:
the question of what is due, and every due row's way to its tombstone. The tick is one between two sweeps; a sweep, four
times an hour, compares all rows with all servers on purpose.
"""

from __future__ import annotations

import math
import tempfile
from pathlib import Path

from benchmarks.outcome import Goal, Outcome, Row
from benchmarks.ratio import Ratio, alternate
from benchmarks.reaped_table import ReapedTable

GOAL = Goal(bound=1.2)
"""Twenty times the rows for a fifth more time would be a slope of 0.06."""

SHARE = 100
"""One row in so many is due."""


def measure(*, quick: bool) -> Outcome:
    """Fill both tables, then tick on them in turns; due rows are put back, untimed, before each tick."""
    small, large = (200, 400) if quick else (1_000, 20_000)
    rounds = 2 if quick else 15
    with tempfile.TemporaryDirectory() as folder:
        few = ReapedTable(Path(folder) / "few.db", small)
        many = ReapedTable(Path(folder) / "many.db", large)
        share = alternate(
            lambda: many.tick(large // SHARE) / (large // SHARE),
            lambda: few.tick(small // SHARE) / (small // SHARE),
            rounds=rounds,
        )
        same = alternate(lambda: many.tick(small // SHARE), lambda: few.tick(small // SHARE), rounds=rounds)
        few.close()
        many.close()
    peer = f"{small:,} rows"
    return Outcome(
        rows=(
            Row(what=f"{large:,} rows, 1 % due: seconds of one due row", peer=peer, ratio=share, goal=GOAL),
            Row(what=f"{large:,} rows, {small // SHARE} due: seconds of a tick", peer=peer, ratio=same, goal=GOAL),
        ),
        notes=(f"slope in live rows (log time over log rows): {_slopes(large / small, share, same)}.",),
    )


def _slopes(growth: float, share: Ratio, same: Ratio) -> str:
    first, second = (math.log(ratio.median) / math.log(growth) for ratio in (share, same))
    return f"{first:+.3f} with 1 % due, {second:+.3f} with the same number due"

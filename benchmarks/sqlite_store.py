"""Each operation of the port Instances on SQLite against the same on DynamoDB Local, through the product's adapters.

Both sides are what one box may be run with; the peer is another process behind HTTP, which is part of what it costs.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks import local_dynamodb
from benchmarks.instances_worked import OPERATIONS, Worked
from benchmarks.outcome import Goal, Outcome, Row
from benchmarks.ratio import Go, alternate, repeated
from chalicelib.adapters.sqlite_table import SqliteTable

GOAL = Goal(bound=3, less=True)


def measure(*, quick: bool) -> Outcome:
    """One operation after the other, both stores in turns, so many calls each time."""
    rounds, calls, rows = (1, 2, 20) if quick else (11, 20, 200)
    with tempfile.TemporaryDirectory() as folder, local_dynamodb.table() as dynamo:
        sqlite = SqliteTable(Path(folder) / "table.db")
        ours, peer = Worked(sqlite, rows), Worked(dynamo, rows)
        measured = tuple(
            Row(
                what=f"`{name}`",
                peer="DynamoDB Local",
                ratio=alternate(_go(ours, name, calls), _go(peer, name, calls), rounds=rounds, warm_ups=2),
                goal=GOAL,
            )
            for name in OPERATIONS
        )
        sqlite.close()
    return Outcome(rows=measured)


def _go(worked: Worked, name: str, calls: int) -> Go:
    return repeated(getattr(worked, name), calls)

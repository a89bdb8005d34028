"""A warm start of one box, from the command to `ready`, against the start of DynamoDB Local alone.

Ours brings up a supervisor, the emulated provider and the gateway, ticks once and has something to sell; the peer is
one Java process that listens. (moto's server would need Flask, which nothing else here needs.)
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks import local_dynamodb
from benchmarks.outcome import Goal, Outcome, Row
from benchmarks.ratio import alternate, timed
from onebox import dynamodb_local
from tests.stack.box import Box, free_port

GOAL = Goal(bound=1)


def measure(*, quick: bool) -> Outcome:
    """Start and stop both in turns; a first start that makes the folder is not counted."""
    local_dynamodb.required()
    with tempfile.TemporaryDirectory() as folder:
        box = Box(Path(folder) / "var")
        ratio = alternate(lambda: _ours(box), _peer, rounds=1 if quick else 9)
    return Outcome(rows=(Row(what="seconds until ready", peer="DynamoDB Local", ratio=ratio, goal=GOAL),))


def _ours(box: Box) -> float:
    try:
        return timed(box.start)
    finally:
        if box.running:
            box.stop()


def _peer() -> float:
    port, started = free_port(), []
    try:
        return timed(lambda: started.append(dynamodb_local.start(port, local_dynamodb.DIRECTORY, options=())))
    finally:
        for process in started:
            dynamodb_local.stop(process)

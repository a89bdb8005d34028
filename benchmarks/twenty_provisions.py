"""Twenty orders at the same moment until all run, against one order, on the same box.

Every builder is a process with its own ssh clients, so on few cores it is the processor that they wait for; the note
says how many there were.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks import guest
from benchmarks.cores import cores
from benchmarks.one_provision import critical_path
from benchmarks.outcome import Goal, Outcome, Row
from benchmarks.ratio import alternate
from tests.stack.box import Box, running

SCALE = 0.05
MANY = 20
GOAL = Goal(bound=1.3)


def measure(*, quick: bool) -> Outcome:
    """One and many in turns; everything is given back in between."""
    many, seconds = 2 if quick else MANY, dict[int, list[float]]()
    with (
        tempfile.TemporaryDirectory() as folder,
        running(Path(folder) / "var", CCC_EMULATOR_LATENCY=str(SCALE)) as box,
    ):
        key = guest.public_key()

        def go(count: int) -> float:
            seconds.setdefault(count, []).append(_at_once(box, key, count))
            return seconds[count][-1]

        ratio = alternate(lambda: go(many), lambda: go(1), rounds=1 if quick else 3, warm_ups=0 if quick else 1)
    told = "; ".join(f"{count} at once: {', '.join(f'{s:.1f}' for s in took)} s" for count, took in seconds.items())
    return Outcome(
        rows=(Row(what=f"{many} orders until all run", peer="one order", ratio=ratio, goal=GOAL),),
        notes=(f"on {cores()} cores, {told}; the latencies are {critical_path(SCALE):.1f} s of each.",),
    )


def _at_once(box: Box, key: str, count: int) -> float:
    took, ids = guest.order(box, key, count)
    guest.give_back(box, ids)
    return took

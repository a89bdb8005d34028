"""The provider requests of one life, counted by the emulator: ours, Debian's `hcloud`, a plain hcloud-python script.

All lives are at one emulator, ours a whole one from the order to the tombstone. A peer waits by asking, so it asks more
the longer a create takes: it is measured with creates of eight seconds, and of twenty-two as at the real provider. What
all lives of a minute share (the market, the stack's marker) is counted apart.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks import guest, hcloud_peers
from benchmarks.outcome import Goal, Outcome, Row
from benchmarks.ratio import ratio_of
from benchmarks.request_count import Count, RequestCounter
from hetzner_emulator.latency import Latency
from tests.stack.box import Box, running

SCALES = {0.36: 2, 1.0: 1}
"""Latency scales and rounds: creates of 8 s and of 22 s. One round of the slow ones lasts five minutes."""

QUICK_SCALES = {0.02: 1}
LEAST = 4
"""Create, delete, and two looks that safety is worth: the labels before, the 404 after."""


def measure(*, quick: bool) -> Outcome:
    """Lives at every scale, each on a box of its own."""
    hcloud_peers.required()
    rows, notes = list[Row](), list[str]()
    for scale, rounds in (QUICK_SCALES if quick else SCALES).items():
        counted = _counted(scale, rounds)
        create = f"a create takes {Latency(scale=scale).create:.1f} s"
        rows += _rows(counted, create)
        notes += [f"{name} where {create}: {counts[-1]}" for name, counts in counted.items()]
    return Outcome(rows=tuple(rows), notes=tuple(notes))


def _counted(scale: float, rounds: int) -> dict[str, list[Count]]:
    """One life after the other, ours and each peer's, as often as there are rounds."""
    with (
        tempfile.TemporaryDirectory() as folder,
        running(Path(folder) / "var", CCC_EMULATOR_LATENCY=str(scale)) as box,
    ):
        lives = _lives(box)
        counter = RequestCounter(f"http://127.0.0.1:{box.emulator_port}")
        counted: dict[str, list[Count]] = {name: [] for name in lives}
        for _ in range(rounds):
            for name, life in lives.items():
                counted[name].append(counter.of(life))
    return counted


def _lives(box: Box) -> dict[str, Callable[[], None]]:
    key, project = guest.public_key(), hcloud_peers.new_project(box)
    return {
        "ours": lambda: _ours(box, key),
        "hcloud CLI": lambda: hcloud_peers.command_line(project),
        "hcloud-python": lambda: hcloud_peers.script(project),
    }


def _ours(box: Box, key: str) -> None:
    _, ids = guest.order(box, key)
    guest.give_back(box, ids)


def _rows(counted: dict[str, list[Count]], create: str) -> list[Row]:
    what, ours = f"requests of a life, {create}", [count.own for count in counted["ours"]]
    least = ratio_of([(own, LEAST) for own in ours])
    rows = [Row(what=what, peer=f"the least, {LEAST}", ratio=least, goal=Goal(bound=1))]
    for name in ("hcloud CLI", "hcloud-python"):
        pairs = [(own, count.own) for own, count in zip(ours, counted[name], strict=True)]
        rows.append(Row(what=what, peer=name, ratio=ratio_of(pairs), goal=Goal(bound=6, less=True)))
    return rows

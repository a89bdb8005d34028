"""How ours and a peer are compared: in turns in one run, judged by the median of the log-ratios and their quartiles.

A ratio of two neighbours in time survives what an absolute time does not: other work on the machine, another machine.
Nothing here knows what is measured; `outcome.py` knows what a figure is wanted for.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Go = Callable[[], float]
"""One go of one side: does the work and returns what it took (seconds, or a count), above zero."""

_TOO_FEW = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """Ours divided by the peer's: the median over the rounds, and the quartiles around it."""

    median: float
    low: float
    high: float
    rounds: int

    def turned(self) -> Ratio:
        """The peer's divided by ours."""
        return Ratio(median=1 / self.median, low=1 / self.high, high=1 / self.low, rounds=self.rounds)


def ratio_of(pairs: Sequence[tuple[float, float]]) -> Ratio:
    """The ratio out of pairs (ours, the peer's), one of each round; a single round has no spread."""
    logs = [math.log(ours / peer) for ours, peer in pairs]
    low, _, high = statistics.quantiles(logs, n=4, method="inclusive") if len(logs) >= _TOO_FEW else logs * 3
    middle = statistics.median(logs)
    return Ratio(median=math.exp(middle), low=math.exp(low), high=math.exp(high), rounds=len(logs))


def alternate(ours: Go, peer: Go, *, rounds: int, warm_ups: int = 1) -> Ratio:
    """Let both take turns, the other one first in every second round; the warm-ups are not counted."""
    pairs: list[tuple[float, float]] = []
    for number in range(warm_ups + rounds):
        if number % 2:
            theirs = peer()
            mine = ours()
        else:
            mine = ours()
            theirs = peer()
        pairs.append((mine, theirs))
    return ratio_of(pairs[warm_ups:])


def repeated(act: Callable[[], object], times: int) -> Go:
    """A go that does something so many times; it returns the seconds of one."""

    def go() -> float:
        begun = time.perf_counter()
        for _ in range(times):
            act()
        return (time.perf_counter() - begun) / times

    return go


def timed(act: Callable[[], object]) -> float:
    """The seconds that something takes once."""
    return repeated(act, 1)()

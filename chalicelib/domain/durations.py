"""How long each phase of a build usually takes: the newest measures, and two numbers out of them.

Decides which build is worth measuring and what `usual` and `slow` mean. Nothing here knows where measures are kept.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from chalicelib.domain.build import BuildRecord, Outcome, Phase

KEPT = 100
"""Measures of each phase that are kept, the newest."""

FEWEST = 3
"""With fewer measures nothing is usual yet."""

USUAL = 50
SLOW = 95
"""Percentiles: half of the builds took no longer, and only one in twenty took longer still."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseTimes:
    """The newest measures of one phase in whole seconds, the newest last."""

    phase: Phase
    seconds: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildTimes:
    """The `phases` item: the measures of every phase."""

    phases: tuple[PhaseTimes, ...] = ()
    version: int = 0


def measured(record: BuildRecord) -> Mapping[Phase, int]:
    """The seconds of each phase of a build that told everything up to its good end; else nothing.

    Where a phase was not heard of, its time would be laid to the one before it.
    """
    begun = tuple(start.phase for start in record.phases)
    if record.outcome is not Outcome.READY or record.reported_at is None or begun != tuple(Phase):
        return {}
    moments = [*(start.started_at for start in record.phases), record.reported_at]
    seconds = [int((end - start).total_seconds()) for start, end in pairwise(moments)]
    return {} if min(seconds) < 0 else dict(zip(begun, seconds, strict=True))


def with_build(times: BuildTimes, seconds: Mapping[Phase, int]) -> BuildTimes:
    """The measures with those of one more build."""
    known = {each.phase: each.seconds for each in times.phases}
    merged = {
        phase: (*known.get(phase, ()), *((seconds[phase],) if phase in seconds else ()))[-KEPT:] for phase in Phase
    }
    phases = tuple(PhaseTimes(phase=phase, seconds=kept) for phase, kept in merged.items() if kept)
    return replace(times, phases=phases)


def percentiles(times: BuildTimes, percent: int) -> Mapping[str, int]:
    """Seconds by the name of the phase, for every phase that was measured often enough."""
    return {
        each.phase.value: _percentile(each.seconds, percent) for each in times.phases if len(each.seconds) >= FEWEST
    }


def _percentile(seconds: Sequence[int], percent: int) -> int:
    """The nearest rank: the smallest measure that so many per cent of all do not exceed."""
    rank = math.ceil(len(seconds) * percent / 100)
    return sorted(seconds)[max(rank, 1) - 1]

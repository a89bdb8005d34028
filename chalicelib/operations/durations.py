"""Keep how long the phases of good builds took, and say how long they usually take.

A measure is worth nothing to the instance it was taken from: it never holds up a row, and may be lost.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from chalicelib.domain import durations
from chalicelib.domain.build import BuildRecord
from chalicelib.domain.errors import Unavailable, WriteConflict
from chalicelib.operations.services import Services

MAX_TRIES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Usual:
    """Seconds by the name of the phase: what half of the builds stay under, and what only one in twenty exceeds."""

    seconds: Mapping[str, int] = field(default_factory=dict)
    slow_seconds: Mapping[str, int] = field(default_factory=dict)


def note_build(services: Services, record: BuildRecord) -> None:
    """Keep the measures of a build that went well and told everything."""
    seconds = durations.measured(record)
    if not seconds:
        return
    with contextlib.suppress(Unavailable):
        for _ in range(MAX_TRIES):
            before = services.durations.get()
            try:
                services.durations.write(durations.with_build(before, seconds), before)
            except WriteConflict:
                continue
            return


def usual(services: Services) -> Usual:
    """What is usual by now; nothing of a phase that was not measured often enough."""
    times = services.durations.get()
    return Usual(
        seconds=durations.percentiles(times, durations.USUAL),
        slow_seconds=durations.percentiles(times, durations.SLOW),
    )

"""How far a build has come: the stage it is in, and every stage with its seconds beside the usual and the slow ones."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from typing import Any

from chalicelib.api.moment import rfc3339
from chalicelib.domain.build import BuildRecord, Outcome
from chalicelib.domain.instance import Instance, Status
from chalicelib.operations.durations import Usual

QUEUED = "queued"
"""The stage of an instance that waits for a builder; it has bought nothing yet."""


def current_stage(instance: Instance, build: BuildRecord | None) -> str | None:
    """The newest phase while a machine is being made; null before the builder speaks, and once it runs or ends.

    Null, too, between an attempt that came to nothing and the builder's first word in the next one.
    """
    if instance.status is Status.REQUESTED:
        return QUEUED
    if instance.status not in {Status.CREATING, Status.INSTALLING} or build is None or not build.phases:
        return None
    if build.outcome is Outcome.FAILED:
        return None
    return build.phases[-1].phase.value


def current_step(instance: Instance, build: BuildRecord | None) -> str | None:
    """What the builder is doing within the newest phase, in its program's words; null where it did not say."""
    if instance.status is not Status.INSTALLING or build is None or build.outcome is not None:
        return None
    return build.step or None


def stages(build: BuildRecord | None, usual: Usual, now: datetime) -> list[dict[str, Any]]:
    """All phases of the newest attempt; a phase lasts until the next one, the last until the outcome (or now)."""
    if build is None:
        return []
    ends = [*(later.started_at for _, later in pairwise(build.phases)), build.reported_at or now]
    return [
        {
            "name": each.phase.value,
            "started_at": rfc3339(each.started_at),
            "seconds": max(int((end - each.started_at).total_seconds()), 0),
            "usual_seconds": usual.seconds.get(each.phase.value),
            "slow_seconds": usual.slow_seconds.get(each.phase.value),
        }
        for each, end in zip(build.phases, ends, strict=False)  # no phases: no stages, though there is an end
    ]

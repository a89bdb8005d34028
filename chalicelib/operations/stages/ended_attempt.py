"""The end of one build attempt: ask its platform for it, know that it came, and when the next one may begin.

An attempt that ended before it ever ran (its place in the queue was lost, or nobody gave it one), or before there was
a machine it could have built, is told from one that was at work: it takes none of the guest's tries.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.domain.build import MAX_ATTEMPTS
from chalicelib.domain.errors import BuilderUnknown
from chalicelib.domain.instance import Build, Instance
from chalicelib.operations.ports import BuildState
from chalicelib.operations.services import Services
from chalicelib.operations.step import Step

ENDED = frozenset({BuildState.STOPPED, BuildState.UNKNOWN})

REST = timedelta(minutes=1)
"""From one unrun attempt's start to the next one's: so long after the first, twice as long after the second, and so on.

In an hour these are eleven jobs at most. A queue that ends its jobs after 5 minutes, as CodeBuild's is set to do, is
joined again at once, but for the last times.
"""

OFTEN = 3
"""So many unrun attempts in a row are told to a person, once for each instance."""


def end(services: Services, row: Instance, build: Build) -> Step | None:
    """The step that records that the attempt has ended, once its platform says so; None while it does not."""
    try:
        services.installer.stop(row.id, build.attempt, build.reference)
        state = services.installer.state(row.id, build.attempt, build.reference)
    except BuilderUnknown:
        return None
    if state not in ENDED:
        return None
    ended = replace(build, stopped=True)
    return Step(change=lambda it: replace(it, build=ended.heard(it.build), retry_at=None), again=True)


def call_off(services: Services, row: Instance) -> None:
    """Tell the builder of an instance that ends to stop. Nothing waits for it: its reports are refused from now on.

    The answer to a start may have been lost, so that the row knows nothing of its newest job: that one is told, too.
    """
    if row.requested_at is None or row.running_at is not None:
        return
    attempt, reference = _newest(row.build)
    if attempt - _unrun(row.build) <= MAX_ATTEMPTS:
        with contextlib.suppress(BuilderUnknown):
            services.installer.stop(row.id, attempt, reference)


def _newest(build: Build | None) -> tuple[int, str]:
    """The newest attempt that may be at work, and what its platform calls it, if the row was told."""
    if build is None:
        return 1, ""
    return (build.attempt + 1, "") if build.stopped else (build.attempt, build.reference)


def _unrun(build: Build | None) -> int:
    return 0 if build is None else build.unrun


def next_not_before(build: Build) -> datetime:
    """The earliest start of another job after this one, which came to nothing before a machine was bought."""
    return build.started_at + (build.unrun + 1) * REST


def tell_if_often(services: Services, row: Instance, build: Build) -> None:
    """A platform that takes jobs of which none comes to ask is an alarm; `seen_running` says which of the two it is.

    To be called once the next job was started: a start that is refused is tried again, and would tell it again.
    """
    if build.unrun + 1 == OFTEN:
        seen = build.running_at is not None
        services.alarms.raise_alarm("builder.never_ran", instance_id=row.id, attempts=OFTEN, seen_running=seen)

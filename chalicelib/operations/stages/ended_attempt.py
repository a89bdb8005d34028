"""The end of one build attempt: ask its platform for it, know that it came, and when the next one may begin.

An attempt that ended before it ever ran (its place in the queue was lost, or nobody gave it one) is told from one that
ran: it says nothing of the service's builds and takes none of the guest's tries.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

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
    return Step(change=lambda it: replace(it, build=replace(build, stopped=True), retry_at=None), again=True)


def next_not_before(build: Build) -> datetime:
    """The earliest start of another job after this one, which never ran."""
    return build.started_at + (build.unrun + 1) * REST


def tell_if_often(services: Services, row: Instance, build: Build) -> None:
    """A platform that takes jobs and runs none of them is an alarm."""
    if build.unrun + 1 == OFTEN:
        services.alarms.raise_alarm("builder.never_ran", instance_id=row.id, attempts=OFTEN)

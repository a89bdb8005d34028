"""After a build attempt that has ended: try again from the start, on a stock system, or give the instance up.

A next attempt starts only after the platform says that the last one has stopped (rule R18), and, where its server was
touched, only after the provider says that the rebuilt server runs and is not locked: the old system has the same host
key and the same install key as the new stock one, and may answer for a moment longer.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.domain import lifecycle
from chalicelib.domain.build import FINAL_CAUSES, MAX_ATTEMPTS, BuildRecord, Cause
from chalicelib.domain.errors import BuilderFull, BuilderUnknown, ProviderError, ProviderUnknown
from chalicelib.domain.instance import Build, Instance, Machine
from chalicelib.domain.orphans import ServerFact
from chalicelib.operations import clocks, marker
from chalicelib.operations.give_up import give_up
from chalicelib.operations.seldom import raise_seldom
from chalicelib.operations.services import Services
from chalicelib.operations.stages import creating, ended_attempt, requested
from chalicelib.operations.step import Step, wait

SOON = timedelta(seconds=3)
REBUILT_LOOK = timedelta(seconds=10)
"""Between two looks at a server that is being rebuilt: each is a request to the provider."""

REBUILT_WITHIN = timedelta(minutes=10)
"""How long a rebuild may take before the instance is given up."""


def step(services: Services, row: Instance, build: Build, record: BuildRecord | None, now: datetime) -> Step:
    """Give up, make the server a stock system again, or start the next attempt: the first that is due."""
    cause = cause_of(build, record)
    if cause in FINAL_CAUSES or _no_more(services, row, build, record, now):
        return give_up(services, row, cause, now)
    if record is not None and record.touched_disk and not build.rebuilt:
        return _rebuild(services, row, build, cause, now)
    if build.rebuilt and (unfinished := _rebuilding(services, row, build, cause, now)) is not None:
        return unfinished
    return _start(services, row, build, record, now)


def cause_of(build: Build, record: BuildRecord | None) -> Cause:
    """Why the attempt came to nothing."""
    if record is None:
        return Cause.NO_BUILDER if never_ran(build, record) else Cause.NEVER_CLAIMED
    return record.cause or Cause.BUILDER_LOST


def never_ran(build: Build, record: BuildRecord | None) -> bool:
    """Whether no builder was ever seen at work for this attempt: it does not count, and says nothing of builds."""
    return record is None and build.running_at is None


def _no_more(services: Services, row: Instance, build: Build, record: BuildRecord | None, now: datetime) -> bool:
    late = lifecycle.deadline(row)
    if late is not None and clocks.over(services, late, now, unheard=False):
        return True
    return not never_ran(build, record) and build.attempt - build.unrun >= MAX_ATTEMPTS


def _start(services: Services, row: Instance, build: Build, record: BuildRecord | None, now: datetime) -> Step:
    unrun = build.unrun
    if never_ran(build, record):
        if now < (not_before := ended_attempt.next_not_before(build)):
            return wait(not_before)
        unrun += 1
    try:
        following = requested.start_build(services, row, attempt=build.attempt + 1, unrun=unrun, now=now)
    except (BuilderFull, BuilderUnknown):
        return wait(now + requested.TRY_AGAIN)
    if unrun > build.unrun:
        ended_attempt.tell_if_often(services, row, build)
    return Step(change=lambda it: replace(it, build=following, retry_at=None), again=True)


def _rebuild(services: Services, row: Instance, build: Build, cause: Cause, now: datetime) -> Step:
    """Make the server a stock system again; what is destroyed must be ours, so it is looked at first (rule R11)."""
    machine = row.machine
    if machine is None:
        return give_up(services, row, cause, now)
    try:
        if (why := marker.doubt(services, now)) is not None:
            return _refused(services, row, why, now)
        found = services.servers.get(machine.server_id)
        if (ended := _not_ours(services, row, machine, found, cause, now)) is not None:
            return ended
        services.servers.rebuild(machine.server_id)
    except (ProviderError, ProviderUnknown):
        return wait(now + SOON)
    rebuilt = replace(build, rebuilt=True, rebuilt_at=now)
    return Step(change=lambda it: replace(it, build=rebuilt, retry_at=now + REBUILT_LOOK))


def _refused(services: Services, row: Instance, why: str, now: datetime) -> Step:
    """Nothing of the project is touched while it is in doubt; for as long as that lasts it is told once an hour."""
    told = {"instance_id": row.id, "why": why}
    raise_seldom(services.instances, services.alarms, now, "rebuild.refused", about=row.id + why, **told)
    return wait(now + lifecycle.LOOK_AGAIN)


def _not_ours(
    services: Services, row: Instance, machine: Machine, found: ServerFact | None, cause: Cause, now: datetime
) -> Step | None:
    """The end for a server that is gone (for the attempt's own cause) or that is not marked as ours; None for ours."""
    if found is None:
        if (why := marker.doubt(services, services.clock.now())) is not None:  # the token may just have been changed
            return _refused(services, row, why, now)
        services.alarms.raise_alarm("rebuild.server_gone", instance_id=row.id, server_id=machine.server_id)
        return give_up(services, row, cause, now)
    if not creating.ours(services, row, found):
        services.alarms.raise_alarm("provider.stranger", instance_id=row.id, server_id=machine.server_id)
        return give_up(services, row, Cause.STRANGER, now)
    return None


def _rebuilding(services: Services, row: Instance, build: Build, cause: Cause, now: datetime) -> Step | None:
    """What there is to do until the rebuilt server runs; None once it does."""
    try:
        found = None if row.machine is None else services.servers.get(row.machine.server_id)
    except (ProviderError, ProviderUnknown):
        found = None
    if found is not None and found.status == "running" and not found.locked:
        return None
    until = (build.rebuilt_at or build.started_at) + REBUILT_WITHIN
    if not clocks.over(services, until, now, unheard=False):
        return wait(now + REBUILT_LOOK)
    services.alarms.raise_alarm("rebuild.unfinished", instance_id=row.id)
    return give_up(services, row, cause, now)

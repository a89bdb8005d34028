"""An instance whose server exists: follow the build, believe nothing that was not probed, try again from the start.

The attempt number decides who may act (rule R18). A next attempt starts only after the platform says that the last one
has stopped, and on a server that is a stock system again.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.domain import budget, lease, lifecycle, notice
from chalicelib.domain.build import FINAL_CAUSES, MAX_ATTEMPTS, BuildRecord, Cause, Outcome, Phase
from chalicelib.domain.errors import (
    BuilderFull,
    BuilderUnknown,
    ProviderError,
    ProviderUnknown,
)
from chalicelib.domain.instance import Build, Choice, Instance, Machine, Status
from chalicelib.domain.limits import Limits
from chalicelib.operations import breaker, durations, marker
from chalicelib.operations.give_up import give_up
from chalicelib.operations.ports import BuildState
from chalicelib.operations.services import Services
from chalicelib.operations.stages import creating, requested
from chalicelib.operations.step import Step, wait

SOON = timedelta(seconds=3)
PROBE_AGAIN = timedelta(seconds=5)
BACK_WITHIN = timedelta(minutes=3)
"""How long a machine whose builder died may take for its reboot before the attempt is given up."""

ENDED = frozenset({BuildState.STOPPED, BuildState.UNKNOWN})
REBOOTED = frozenset({Phase.REBOOT, Phase.VERIFY})


def step(services: Services, row: Instance, now: datetime) -> Step:
    """Look at what the builder has said and what its platform knows, and do the one next thing."""
    build, machine = row.build, row.machine
    if build is None or machine is None:
        return give_up(services, row, Cause.PROVIDER, now)
    record = services.instances.get_build(row.id, build.attempt)
    if build.stopped:
        return _next_attempt(services, row, build, record, now)
    if record is not None and record.outcome is Outcome.READY:
        return _probed(services, row, record, machine, now) or _not_yet(services, row, now)
    if record is not None and record.outcome is Outcome.FAILED:
        return _stop(services, row, build, now)
    return _unreported(services, row, build, record, now)


def _unreported(services: Services, row: Instance, build: Build, record: BuildRecord | None, now: datetime) -> Step:
    """No outcome yet: see whether anybody is still at work, and whether there is time."""
    late = lifecycle.deadline(row)
    if late is not None and now >= late:
        return _completed(services, row, record, now) or give_up(services, row, Cause.TIMEOUT, now)
    try:
        state = services.installer.state(row.id, build.attempt, build.reference)
    except BuilderUnknown:
        return wait(now + lifecycle.LOOK_AGAIN)
    if state in ENDED:
        return _completed(services, row, record, now) or _rebooting(record, now) or _stop(services, row, build, now)
    if record is None and now >= build.started_at + services.limits.claim_within:
        return _stop(services, row, build, now)
    return wait(_look_again(services, build, record, now))


def _look_again(services: Services, build: Build, record: BuildRecord | None, now: datetime) -> datetime:
    claim_by = build.started_at + services.limits.claim_within
    return min(now + lifecycle.LOOK_AGAIN, claim_by) if record is None else now + lifecycle.LOOK_AGAIN


def _completed(services: Services, row: Instance, record: BuildRecord | None, now: datetime) -> Step | None:
    """A builder that died after the reboot may have left a good machine: the probe decides (row B20)."""
    if record is None or row.machine is None or not any(begun.phase in REBOOTED for begun in record.phases):
        return None
    return _probed(services, row, record, row.machine, now)


def _rebooting(record: BuildRecord | None, now: datetime) -> Step | None:
    """A machine that was told to reboot a moment ago is given the time to come back (row B8)."""
    begun = [start.started_at for start in record.phases if start.phase in REBOOTED] if record is not None else []
    return wait(now + PROBE_AGAIN) if begun and now < max(begun) + BACK_WITHIN else None


def _probed(services: Services, row: Instance, record: BuildRecord, machine: Machine, now: datetime) -> Step | None:
    """`running`, if the machine answers with the key we planted; None when it does not (yet)."""
    choice = row.choice
    if choice is None or services.probe.host_key(machine.ip) != row.host_key:
        return None
    breaker.note_success(services)
    durations.note_build(services, record)
    return Step(change=lambda it: runs(it, machine, choice, services.limits, now))


def runs(row: Instance, machine: Machine, choice: Choice, limits: Limits, now: datetime) -> Instance:
    """The instance as it begins to run: its end, the money that stays set aside, the mails it owes."""
    end = lease.first_end(created_at=machine.created_at, running_at=now, hours=row.wish.hours, rounding=limits.rounding)
    expires_at = min(end, lease.hard_end(machine.created_at, limits.max_life_hours))
    hours = lease.paid_hours(created_at=machine.created_at, ended_at=expires_at)
    kept, _ = budget.shrink(row.holds, budget.micro(choice.hourly * hours))
    ready = notice.Notice(kind=notice.Kind.READY, key="ready", due_at=now, about=expires_at)
    return replace(
        lifecycle.move(row, Status.RUNNING, now),
        running_at=now,
        expires_at=expires_at,
        holds=kept,
        notices=notice.owe(row.notices, ready, *notice.endings(expires_at, now)),
    )


def _not_yet(services: Services, row: Instance, now: datetime) -> Step:
    late = lifecycle.deadline(row)
    if late is not None and now >= late:
        return give_up(services, row, Cause.NEVER_BACK, now)
    return wait(now + PROBE_AGAIN)


def _stop(services: Services, row: Instance, build: Build, now: datetime) -> Step:
    """End the attempt at its platform, and record it once the platform says that it has ended."""
    try:
        services.installer.stop(row.id, build.attempt, build.reference)
        state = services.installer.state(row.id, build.attempt, build.reference)
    except BuilderUnknown:
        return wait(now + SOON)
    if state not in ENDED:
        return wait(now + SOON)
    return Step(change=lambda it: replace(it, build=replace(build, stopped=True), retry_at=None), again=True)


def _next_attempt(services: Services, row: Instance, build: Build, record: BuildRecord | None, now: datetime) -> Step:
    cause = _cause(record)
    late = lifecycle.deadline(row)
    if build.attempt >= MAX_ATTEMPTS or cause in FINAL_CAUSES or (late is not None and now >= late):
        return give_up(services, row, cause, now)
    if record is not None and record.touched_disk and not build.rebuilt:
        return _rebuild(services, row, build, now)
    try:
        following = requested.start_build(services, row, attempt=build.attempt + 1, now=now)
    except (BuilderFull, BuilderUnknown):
        return wait(now + requested.TRY_AGAIN)
    return Step(change=lambda it: replace(it, build=following, retry_at=None))


def _cause(record: BuildRecord | None) -> Cause:
    if record is None:
        return Cause.NEVER_CLAIMED
    return record.cause or Cause.BUILDER_LOST


def _rebuild(services: Services, row: Instance, build: Build, now: datetime) -> Step:
    """Make the server a stock system again; what is destroyed must be ours, so it is looked at first (rule R11)."""
    if row.machine is None:
        return give_up(services, row, Cause.PROVIDER, now)
    try:
        if (why := marker.doubt(services, now)) is not None:
            services.alarms.raise_alarm("rebuild.refused", instance_id=row.id, why=why)
            return wait(now + lifecycle.LOOK_AGAIN)
        found = services.servers.get(row.machine.server_id)
        if found is None or not creating.ours(services, row, found):
            return give_up(services, row, Cause.BUILDER_LOST, now)
        services.servers.rebuild(row.machine.server_id)
    except (ProviderError, ProviderUnknown):
        return wait(now + SOON)
    return Step(change=lambda it: replace(it, build=replace(build, rebuilt=True), retry_at=None), again=True)

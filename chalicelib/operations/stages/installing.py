"""An instance whose server exists: follow the build, and believe nothing that was not probed.

The attempt number decides who may act (rule R18). What follows an attempt that has ended is in `next_attempt.py`.
No build is given up because of the time on the word of our clock alone (rule R9).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.domain import budget, lease, lifecycle, notice, tokens
from chalicelib.domain.build import BuildRecord, Cause, Outcome, Phase
from chalicelib.domain.errors import BuilderUnknown
from chalicelib.domain.instance import Build, Choice, Instance, Machine, Status
from chalicelib.domain.limits import Limits
from chalicelib.operations import breaker, clocks, durations, secrets_of
from chalicelib.operations.give_up import give_up
from chalicelib.operations.ports import BuildState
from chalicelib.operations.services import Services
from chalicelib.operations.stages import ended_attempt, next_attempt
from chalicelib.operations.step import Step, wait

SOON = timedelta(seconds=3)
PROBE_AGAIN = timedelta(seconds=5)
BACK_WITHIN = timedelta(minutes=3)
"""How long a machine whose builder died may take for its reboot before the attempt is given up."""

REBOOTED = frozenset({Phase.REBOOT, Phase.VERIFY})


def step(services: Services, row: Instance, now: datetime) -> Step:
    """Look at what the builder has said and what its platform knows, and do the one next thing."""
    build, machine = row.build, row.machine
    if build is None or machine is None:
        return give_up(services, row, Cause.PROVIDER, now)
    record = services.instances.get_build(row.id, build.attempt)
    if build.stopped:
        return next_attempt.step(services, row, build, record, now)
    if record is not None and record.outcome is Outcome.READY:
        return _reported_ready(services, row, record, machine, now)
    if record is not None and record.outcome is Outcome.FAILED:
        return _stop(services, row, build, now)
    return _unreported(services, row, build, record, now)


def _unreported(services: Services, row: Instance, build: Build, record: BuildRecord | None, now: datetime) -> Step:
    """No outcome yet: see whether anybody is still at work, and whether there is time."""
    late = lifecycle.deadline(row)
    if late is not None and clocks.over(services, late, now, unheard=False):
        ended_attempt.call_off(services, row)  # it may hang, and a machine that runs all the same asks nobody again
        return _completed(services, row, record, now) or give_up(services, row, _late(build, record), now)
    try:
        state = services.installer.state(row.id, build.attempt, build.reference)
    except BuilderUnknown:
        return wait(now + lifecycle.LOOK_AGAIN)
    if state in ended_attempt.ENDED:
        return (
            _completed(services, row, record, now)
            or _rebooting(services, record, now)
            or _stop(services, row, build, now)
        )
    if state is BuildState.QUEUED and record is None:
        return wait(now + lifecycle.LOOK_AGAIN)
    return _at_work(services, row, build if build.running_at else replace(build, running_at=now), record, now)


def _at_work(services: Services, row: Instance, build: Build, record: BuildRecord | None, now: datetime) -> Step:
    """A job that runs has to claim within its time: from when it was first seen to run, and there was a machine."""
    claim_by = max(build.running_at or build.started_at, row.status_since) + services.limits.claim_within
    if record is None and clocks.over(services, claim_by, now, unheard=False):
        return _stop(services, row, build, now)
    look = now + lifecycle.LOOK_AGAIN
    until = min(look, claim_by) if record is None else look
    return Step(change=lambda it: replace(it, build=build, retry_at=until))


def _late(build: Build, record: BuildRecord | None) -> Cause:
    return Cause.NO_BUILDER if next_attempt.never_ran(build, record) else Cause.TIMEOUT


def _reported_ready(services: Services, row: Instance, record: BuildRecord, machine: Machine, now: datetime) -> Step:
    """The builder has seen the new system's key: silence may end, but any other key is nobody's but a stranger's."""
    key = services.probe.host_key(machine.ip)
    if key is None:
        return _not_yet(services, row, now)
    return _running(services, row, record, machine, key, now) or give_up(services, row, Cause.WRONG_HOST_KEY, now)


def _completed(services: Services, row: Instance, record: BuildRecord | None, now: datetime) -> Step | None:
    """A builder that died after the reboot may have left a good machine: the probe decides (row B20).

    None while nothing answers, or still the system from before the reboot, which has the key of the first boot.
    """
    machine = row.machine
    if record is None or machine is None or not any(begun.phase in REBOOTED for begun in record.phases):
        return None
    key = services.probe.host_key(machine.ip)
    if key is None or key == secrets_of.key_pair(services, row, tokens.KeyUse.BOOTSTRAP_HOST).public:
        return None
    return _running(services, row, record, machine, key, now) or give_up(services, row, Cause.WRONG_HOST_KEY, now)


def _rebooting(services: Services, record: BuildRecord | None, now: datetime) -> Step | None:
    """A machine that was told to reboot a moment ago is given the time to come back (row B8)."""
    begun = [start.started_at for start in record.phases if start.phase in REBOOTED] if record is not None else []
    if not begun or clocks.over(services, max(begun) + BACK_WITHIN, now, unheard=False):
        return None
    return wait(now + PROBE_AGAIN)


def _running(
    services: Services, row: Instance, record: BuildRecord, machine: Machine, key: str, now: datetime
) -> Step | None:
    """`running`, if the key that answers is the one we planted; None for any other."""
    choice = row.choice
    if choice is None or key != row.host_key:
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
    if late is not None and clocks.over(services, late, now, unheard=False):
        return give_up(services, row, Cause.NEVER_BACK, now)
    return wait(now + PROBE_AGAIN)


def _stop(services: Services, row: Instance, build: Build, now: datetime) -> Step:
    """End the attempt at its platform, and record it once the platform says that it has ended."""
    return ended_attempt.end(services, row, build) or wait(now + SOON)

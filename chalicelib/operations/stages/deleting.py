"""An instance on its way out: GET by id, check the labels, DELETE, GET 404 (rule R7), and only then the tombstone.

Nothing is deleted without the marker's answer, without our labels, or on a clock that store and provider contradict.
A machine is never powered off instead (rule R17). Mail never holds a deletion up.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.domain import budget, lifecycle, notice
from chalicelib.domain.errors import (
    ProviderError,
    ProviderUnknown,
    RateLimited,
    ServerLocked,
    ServerProtected,
)
from chalicelib.domain.instance import EndReason, Instance, Machine, Status
from chalicelib.operations import clocks, marker
from chalicelib.operations.services import Services
from chalicelib.operations.stages import creating, ended_attempt
from chalicelib.operations.step import Step, wait

SOON = timedelta(seconds=3)
LATER = timedelta(seconds=60)
LONG = timedelta(minutes=5)


def step(services: Services, row: Instance, now: datetime) -> Step:
    """The one next thing on the way to a tombstone."""
    late = lifecycle.deadline(row)
    if late is not None and now >= late:
        services.alarms.raise_alarm("instance.deleting_late", instance_id=row.id, since=row.status_since.isoformat())
    if not row.delete_accepted:
        ended_attempt.call_off(services, row)
    if creating.was_never_sent(row):
        return _finish(now)
    return _guarded(services, row, now, lambda: _at_provider(services, row, now))


def _guarded(services: Services, row: Instance, now: datetime, act: Callable[[], Step]) -> Step:
    """What an act at the provider leads to, or how long is waited when it is refused or not answered."""
    try:
        return act()
    except ServerLocked:
        return wait(now + SOON)
    except ServerProtected:
        services.alarms.raise_alarm("instance.delete_protected", instance_id=row.id)
        return wait(now + LONG)
    except RateLimited as limited:
        return wait(now + timedelta(seconds=min(int(limited.data.get("retry_after") or 10), 60)))
    except ProviderError as refusal:
        services.alarms.raise_alarm("instance.delete_refused", instance_id=row.id, code=refusal.code)
        return wait(now + LATER)
    except ProviderUnknown:
        marker.note_silence(services)
        return wait(now + SOON)


def _at_provider(services: Services, row: Instance, now: datetime) -> Step:
    if (why := marker.doubt(services, now)) is not None:
        return _doubted(services, row, why, now)
    if row.machine is None:
        return _without_machine(services, row, now)
    if row.delete_accepted:
        return _confirm_gone(services, row, row.machine, now)
    return _delete(services, row, row.machine, now)


def _without_machine(services: Services, row: Instance, now: datetime) -> Step:
    """A create may still be on its way: wait for it to be over, then look by name (rule R23)."""
    if row.create_until is not None and now < row.create_until:
        return wait(row.create_until)
    found = services.servers.find(row.name)
    if found is None or not creating.ours(services, row, found):
        return _gone(services, row, now)
    machine = Machine(
        server_id=found.server_id,
        ip=found.ip or "",
        ipv6_network=found.ipv6_network,
        created_at=found.created_at,
    )
    return Step(change=lambda it: replace(it, machine=machine, create_until=None), again=True)


def _delete(services: Services, row: Instance, machine: Machine, now: datetime) -> Step:
    found = services.servers.get(machine.server_id)
    if found is None:
        return _gone(services, row, now)
    if not creating.ours(services, row, found):
        services.alarms.raise_alarm("delete.not_ours", instance_id=row.id, server_id=machine.server_id)
        return _look_by_name(services, row, machine, now)
    if row.end_reason is EndReason.EXPIRED and (until := _too_early(services, row, now)) is not None:
        return wait(until)
    # written before it is sent: whatever crashes, the ledger knows when the provider stopped to bill
    return Step(
        change=lambda it: replace(it, delete_sent_at=now),
        then=lambda stored: _send(services, stored, machine),
    )


def _too_early(services: Services, row: Instance, now: datetime) -> datetime | None:
    """Until when a machine that was claimed because of the time stays, or None: whose clock claimed it may be wrong."""
    if row.expires_at is not None and now < row.expires_at:
        return row.expires_at
    return None if clocks.doubt(services, services.clock.now()) is None else now + LATER


def _send(services: Services, row: Instance, machine: Machine) -> Step:
    return _guarded(services, row, services.clock.now(), lambda: _deleted(services, machine))


def _deleted(services: Services, machine: Machine) -> Step:
    services.servers.delete(machine.server_id)
    return Step(change=lambda it: replace(it, delete_accepted=True, retry_at=None), again=True)


def _look_by_name(services: Services, row: Instance, machine: Machine, now: datetime) -> Step:
    """The id leads to somebody else's server: ours may bear another one (row R14); without any, a person must look."""
    found = services.servers.find(row.name)
    if found is None or found.server_id == machine.server_id or not creating.ours(services, row, found):
        return wait(now + LONG)
    meant = replace(machine, server_id=found.server_id, ip=found.ip or "", created_at=found.created_at)
    return Step(change=lambda it: replace(it, machine=meant, retry_at=None), again=True)


def _confirm_gone(services: Services, row: Instance, machine: Machine, now: datetime) -> Step:
    if services.servers.get(machine.server_id) is None:
        return _gone(services, row, now)
    return Step(change=lambda it: replace(it, delete_accepted=False, retry_at=now + SOON))


def _doubted(services: Services, row: Instance, why: str, now: datetime) -> Step:
    services.alarms.raise_alarm("delete.refused", instance_id=row.id, why=why)
    return wait(now + LATER)


def _gone(services: Services, row: Instance, now: datetime) -> Step:
    """The end, if the project whose answer it was is ours.

    Between our look at the marker and that answer the token may have been changed: the kept answer counts only for the
    token it was read with, so this costs a request only then (rule R11).
    """
    if (why := marker.doubt(services, services.clock.now())) is not None:
        return _doubted(services, row, why, now)
    return _finish(now)


def _finish(now: datetime) -> Step:
    return Step(change=lambda it: _tombstone(it, now))


def _tombstone(row: Instance, now: datetime) -> Instance:
    """The end: what was set aside becomes what was billed, and the last mail is owed."""
    failed = row.end_reason is EndReason.FAILED
    kind = notice.Kind.FAILED if failed else notice.Kind.ENDED
    farewell = notice.Notice(kind=kind, key=str(kind), due_at=now, about=row.expires_at)
    # billed until our last delete, after which it was never seen again; without one, until the last it may have lived
    settled = budget.settle(row.holds, budget.billed(row, row.delete_sent_at or now), now)
    status = Status.FAILED if failed else Status.DELETED
    return replace(
        lifecycle.move(row, status, now),
        ended_at=now,
        holds=settled,
        notices=notice.owe(row.notices, farewell),
    )

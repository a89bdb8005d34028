"""What a run does with a due row and why, or why it leaves the row alone: said before by a dry run, after by another.

It asks everything that a deletion asks, in the same order, and changes nothing; `stages/deleting.py` acts. Whatever it
says is in the words of `domain/reasons.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from chalicelib.domain.errors import ProviderError, ProviderUnknown
from chalicelib.domain.instance import EndReason, Instance, Machine, Status
from chalicelib.domain.reasons import Act, Reason, because
from chalicelib.operations import clocks, marker
from chalicelib.operations.services import Services
from chalicelib.operations.stages import creating

_ENDS = {
    EndReason.EXPIRED: Reason.TIME_OVER,
    EndReason.RELEASED: Reason.RELEASED,
    EndReason.FAILED: Reason.FAILED,
    EndReason.LOST: Reason.LOST,
}

_DUTIES = {
    Status.UNCONFIRMED: Reason.CONFIRMATION,
    Status.REQUESTED: Reason.BUILDER,
    Status.CREATING: Reason.SERVER,
    Status.INSTALLING: Reason.BUILD,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """An act with its reason, or no act and what stands against it; the server where one is known."""

    act: Act | None
    why: str
    server_id: int | None = None


def outlook(services: Services, row: Instance | None, now: datetime) -> Outlook:
    """What becomes of a row that an index says is due; errors of the provider are reasons here, not errors."""
    if row is None or row.due_at is None or row.due_at > now:
        return Outlook(act=None, why=Reason.NOT_DUE)
    if row.lease_id is not None and row.lease_until is not None and row.lease_until > now:
        return Outlook(act=None, why=because(Reason.LEASED, fact=f"until {row.lease_until:%H:%M:%S}"))
    if not is_ending(row, now):
        return Outlook(act=Act.SERVE, why=_DUTIES.get(row.status, Reason.MAIL))
    try:
        return _end(services, row, now)
    except (ProviderError, ProviderUnknown) as error:
        return Outlook(act=None, why=because(Reason.NO_ANSWER, fact=error.code))


def is_ending(row: Instance, now: datetime) -> bool:
    """Whether what the row owes is its end."""
    over = row.expires_at is not None and now >= row.expires_at
    return row.status is Status.DELETING or (row.status is Status.RUNNING and over)


def why_it_ends(row: Instance) -> str:
    """Why an instance that ends does so."""
    reason = row.end_reason or EndReason.EXPIRED
    fact: object = None
    if reason is EndReason.EXPIRED and row.expires_at is not None:
        fact = f"{row.expires_at:%Y-%m-%dT%H:%M:%SZ}"
    if reason is EndReason.FAILED and row.failure is not None:
        fact = row.failure.code
    return because(_ENDS[reason], fact=fact)


def _end(services: Services, row: Instance, now: datetime) -> Outlook:
    known = None if row.machine is None else row.machine.server_id
    if creating.was_never_sent(row):
        return Outlook(act=Act.END, why=why_it_ends(row))
    if (why := marker.doubt(services, now)) is not None:
        return Outlook(act=None, why=why, server_id=known)
    if row.machine is None:
        return _unknown_machine(services, row, now)
    return _known_machine(services, row, row.machine, now)


def _unknown_machine(services: Services, row: Instance, now: datetime) -> Outlook:
    if row.create_until is not None and now < row.create_until:
        return Outlook(act=None, why=because(Reason.CREATE_ON_ITS_WAY, fact=f"until {row.create_until:%H:%M:%S}"))
    found = services.servers.find(row.name)
    theirs = found is None or not creating.ours(services, row, found)
    return Outlook(act=Act.END, why=why_it_ends(row), server_id=None if found is None or theirs else found.server_id)


def _known_machine(services: Services, row: Instance, machine: Machine, now: datetime) -> Outlook:
    server_id = machine.server_id
    found = services.servers.get(server_id)
    if found is not None and not creating.ours(services, row, found):
        return Outlook(act=None, why=Reason.NOT_OURS, server_id=server_id)
    if found is not None and (row.end_reason or EndReason.EXPIRED) is EndReason.EXPIRED:
        if row.expires_at is not None and now < row.expires_at:
            return Outlook(act=None, why=Reason.NOT_YET, server_id=server_id)
        if clocks.doubt(services, services.clock.now()) is not None:
            return Outlook(act=None, why=Reason.CLOCK, server_id=server_id)
    return Outlook(act=Act.END, why=why_it_ends(row), server_id=server_id)

"""Take the steps of one row until it must wait: lease by compare-and-swap, one side effect, record.

Anyone may call it, any number of times: a nudge after a change, the tick, the reaper. Whoever dies in between leaves a
lease that runs out and a `due_at` that brings the next one here (`architecture.md`). Which step a status asks for is
in `stages/`; nothing here knows what a step does.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.domain import lifecycle
from chalicelib.domain.errors import WriteConflict
from chalicelib.domain.instance import Instance, Status
from chalicelib.operations import clocks
from chalicelib.operations.save import save
from chalicelib.operations.services import Services
from chalicelib.operations.stages import creating, deleting, ended, installing, requested, running, unconfirmed
from chalicelib.operations.step import Step

MAX_STEPS = 50
"""More steps than any flow has: whoever takes more goes round in circles, and the next tick may go on."""

MAX_TRIES = 8
"""How often a write is tried against others who change the same row."""

REQUEST_TIME = timedelta(seconds=65)
"""The longest one provider request lasts: 5 s to connect, 30 s until the headers, 30 s for the body."""


def advance(services: Services, instance_id: str) -> None:
    """Do what the row owes now. Raises what a step raises; the lease then runs out by itself."""
    held = _take(services, instance_id)
    for _ in range(MAX_STEPS):
        if held is None or held.lease_id is None:
            return
        held = _record(services, held, _believed(services, held))


def _believed(services: Services, row: Instance) -> Step:
    """The row's step; one that our clock alone asks for is left to whoever has a better one."""
    try:
        return _step(services, row)
    except clocks.ClockDoubted:
        return Step(let_go=True)


def _step(services: Services, row: Instance) -> Step:
    now = services.clock.now()
    match row.status:
        case Status.UNCONFIRMED:
            step = unconfirmed.step(services, row, now)
        case Status.REQUESTED:
            step = requested.step(services, row, now)
        case Status.CREATING:
            step = creating.step(services, row, now)
        case Status.INSTALLING:
            step = installing.step(services, row, now)
        case Status.RUNNING:
            step = running.step(services, row, now)
        case Status.DELETING:
            step = deleting.step(services, row, now)
        case Status.DELETED | Status.FAILED:
            step = ended.step(services, row, now)
    return step


def _take(services: Services, instance_id: str) -> Instance | None:
    """The row with a lease of ours, or None when nothing is due or somebody else holds it."""
    for _ in range(MAX_TRIES):
        row = services.instances.get(instance_id)
        now = services.clock.now()
        if row is None or row.due_at is None or row.due_at > now:
            return None
        if row.lease_id is not None and row.lease_until is not None and row.lease_until > now:
            return None
        if clocks.contradicted(services, now):
            return None
        try:
            return save(services, _leased(row, services.ids.new(), now), before=row)
        except WriteConflict:
            continue
    return None


def _leased(row: Instance, lease_id: str, now: datetime) -> Instance:
    """The row under a lease; `due_at` is the lease's end, so that a crash brings somebody back just then."""
    until = now + lifecycle.lease_time(row.status)
    create_until = until + REQUEST_TIME if row.status is Status.CREATING else row.create_until
    return replace(row, lease_id=lease_id, lease_until=until, due_at=until, create_until=create_until)


def _record(services: Services, held: Instance, step: Step) -> Instance | None:
    """Write a step's outcome; None when the lease was lost or the row has to wait."""
    row = held
    for _ in range(MAX_TRIES):
        changed = _after(services, held, row, step)
        if changed is None:
            return None
        try:
            stored = save(services, changed, before=row)
        except WriteConflict:
            fresh = services.instances.get(held.id)
            if fresh is None:
                return None
            row = fresh
            continue
        if step.then is not None and stored.status is held.status:
            return _record(services, stored, step.then(stored))
        return stored
    return None


def _after(services: Services, held: Instance, row: Instance, step: Step) -> Instance | None:
    """The row with the step's outcome, still leased or released; None when it is not ours to write any more."""
    if row.lease_id != held.lease_id:
        return None
    now = services.clock.now()
    moved_on = row.status is not held.status
    if moved_on:
        # Somebody ended the instance meanwhile. What we learnt still counts, and we still hold the row: go on.
        return _leased(step.late(row) if step.late else row, held.lease_id or "", now)
    if step.let_go:
        return _let_go(held, row)
    changed = step.change(row)
    due_at = now if step.again or step.then else lifecycle.due_at(changed, now)
    if row.due_at is not None and held.due_at is not None and row.due_at < held.due_at:
        # Somebody wished for a look while we worked: it must not be lost.
        due_at = row.due_at if due_at is None else min(row.due_at, due_at)
    if due_at is not None and due_at <= now:
        return _leased(changed, held.lease_id or "", now)
    return replace(changed, lease_id=None, lease_until=None, due_at=due_at)


def _let_go(held: Instance, row: Instance) -> Instance:
    """The row as it was found: no time of a clock that is doubted is written into it, least of all its next look."""
    due_at = lifecycle.due_at(row, row.status_since)
    if due_at is not None and row.due_at is not None and row.due_at != held.due_at:
        due_at = min(row.due_at, due_at)  # somebody wished for a look while we worked
    return replace(row, lease_id=None, lease_until=None, due_at=due_at)

"""Running rows whose machine nobody has: lost only after two 404s, five minutes apart, with the marker (rule R16).

A list that lacks a server proves nothing; it only says which rows are worth a look.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chalicelib.domain.errors import ProviderError, ProviderUnknown, WriteConflict
from chalicelib.domain.instance import EndReason, Instance, Status
from chalicelib.domain.reasons import HELD_BACK, LEFT_ALONE, Act, Reason, because, said
from chalicelib.operations import marker
from chalicelib.operations.ports import Run, RunEntry
from chalicelib.operations.save import save
from chalicelib.operations.services import Services
from chalicelib.operations.step import begin_deleting

APART = timedelta(minutes=5)
PAGE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """Of `running` rows that run: those whose machine a list lacks, and those that were missing and are listed."""

    running: int
    absent: tuple[Instance, ...]
    listed_again: tuple[Instance, ...]


def missing_rows(services: Services, listed: Collection[int], ended: Collection[str] = ()) -> Missing:
    """What a list of servers says of the rows but the `ended` ones: nothing is proved by that yet."""
    rows = [row for row in _running(services) if row.id not in ended]
    absent = (row for row in rows if row.machine is not None and row.machine.server_id not in listed)
    back = (row for row in rows if row.missing_since is not None and row.machine and row.machine.server_id in listed)
    return Missing(running=len(rows), absent=tuple(absent), listed_again=tuple(back))


def look_at_losses(services: Services, run: Run, missing: Missing, *, left: Callable[[], float]) -> Run:
    """The run with the rows that lost their machine; of what `confirm` allows, what the orphans have left."""
    for row in missing.listed_again:
        # an old 404 must not be the first of two that lie weeks apart
        run = _look(services, run, row)
    allowed = None if run.confirm is None else max(run.confirm - _deleted(run), 0)
    looked = missing.absent[:allowed]
    for number, row in enumerate(looked):
        if left() <= 0:
            return _held(run, looked[number:], Reason.OUT_OF_TIME)
        run = _look(services, run, row)
    return _held(run, missing.absent[len(looked) :], Reason.NOT_CONFIRMED)


def ended_rows(run: Run) -> dict[str, int | None]:
    """What a dry run would have ended before it sweeps: instances, and their servers where one is known."""
    ends = (entry for entry in run.did if entry.what == said(Act.END, dry_run=True))
    return {entry.instance_id: entry.server_id for entry in ends if entry.instance_id is not None}


def _deleted(run: Run) -> int:
    """How many servers this run has deleted already, or would have."""
    return len([entry for entry in run.did if entry.what == said(Act.DELETE, dry_run=run.dry_run)])


def _running(services: Services) -> Iterator[Instance]:
    cursor: str | None = None
    while True:
        page = services.instances.page(ended=False, limit=PAGE, cursor=cursor)
        yield from (row for row in page.instances if row.status is Status.RUNNING)
        cursor = page.next_cursor
        if cursor is None:
            return


def _look(services: Services, run: Run, row: Instance) -> Run:
    """One row by the id of its machine; whatever took long before, the marker is answered for anew (rule R11)."""
    fresh = services.instances.get(row.id)
    if fresh is None or fresh.status is not Status.RUNNING or fresh.machine is None:
        return run
    try:
        there = services.servers.get(fresh.machine.server_id) is not None
        doubt = None if there else marker.doubt(services, services.clock.now())
    except (ProviderError, ProviderUnknown) as error:
        return replace(run, errors=(*run.errors, f"{fresh.id}: {error.code}"))
    if there:
        return _seen_again(services, run, fresh)
    if doubt is not None:
        return _left_alone(run, fresh, because(Reason.NOT_BELIEVED, fact=doubt))
    return _missing(services, run, fresh, services.clock.now())


def _missing(services: Services, run: Run, row: Instance, now: datetime) -> Run:
    """A 404 that is believed: the first is noted, the second, late enough, ends the instance."""
    if row.missing_since is None:
        return _note(services, run, (row, replace(row, missing_since=now)), Act.NOTE_MISSING, Reason.FIRST_404)
    if now - row.missing_since < APART:
        return _left_alone(run, row, Reason.TOO_SOON_404)
    lost = replace(begin_deleting(row, EndReason.LOST, now), due_at=now)
    return _note(services, run, (row, lost), Act.DECLARE_LOST, Reason.SECOND_404)


def _seen_again(services: Services, run: Run, row: Instance) -> Run:
    if row.missing_since is None:
        return _left_alone(run, row, Reason.NOT_LISTED)
    return _note(services, run, (row, replace(row, missing_since=None)), Act.NOTE_BACK, Reason.THERE_AGAIN)


def _note(services: Services, run: Run, change: tuple[Instance, Instance], act: Act, why: Reason) -> Run:
    before, after = change
    entry = _entry(said(act, dry_run=run.dry_run), before, why)
    if run.dry_run:
        return replace(run, did=(*run.did, entry))
    with contextlib.suppress(WriteConflict):  # somebody changed the row meanwhile: the next sweep looks again
        save(services, after, before=before)
        return replace(run, did=(*run.did, entry))
    return _left_alone(run, before, Reason.ROW_CHANGED)


def _left_alone(run: Run, row: Instance, why: str) -> Run:
    return replace(run, skipped=(*run.skipped, _entry(LEFT_ALONE, row, why)))


def _held(run: Run, rows: tuple[Instance, ...], why: Reason) -> Run:
    return replace(run, skipped=(*run.skipped, *(_entry(HELD_BACK, row, why) for row in rows)))


def _entry(what: str, row: Instance, why: str) -> RunEntry:
    server_id = row.machine.server_id if row.machine is not None else None
    return RunEntry(what=what, why=why, instance_id=row.id, server_id=server_id)

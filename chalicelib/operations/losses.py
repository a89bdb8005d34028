"""Running rows whose machine nobody has: lost only after two 404s, five minutes apart, with the marker (rule R16).

A list that lacks a server proves nothing; it only says which rows are worth a look.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chalicelib.domain.errors import ProviderError, ProviderUnknown, WriteConflict
from chalicelib.domain.instance import EndReason, Instance, Status
from chalicelib.domain.reasons import HELD_BACK, LEFT_ALONE, Act, Reason, because, begun, said
from chalicelib.operations import marker
from chalicelib.operations.logbook import Logbook
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


def look_at_losses(services: Services, book: Logbook, missing: Missing, *, left: Callable[[], float]) -> None:
    """Keep in `book` the rows that lost their machine; of what `confirm` allows, what the orphans have left."""
    for row in missing.listed_again:
        # an old 404 must not be the first of two that lie weeks apart
        _look(services, book, row)
    confirm = book.run.confirm
    allowed = None if confirm is None else max(confirm - _deleted(book.run), 0)
    looked = missing.absent[:allowed]
    for number, row in enumerate(looked):
        if left() <= 0:
            return _held(book, looked[number:], Reason.OUT_OF_TIME)
        _look(services, book, row)
    return _held(book, missing.absent[len(looked) :], Reason.NOT_CONFIRMED)


def ended_rows(run: Run) -> dict[str, int | None]:
    """What a dry run would have ended before it sweeps: instances, and their servers where one is known."""
    ends = (entry for entry in run.did if entry.what == said(Act.END, dry_run=True))
    return {entry.instance_id: entry.server_id for entry in ends if entry.instance_id is not None}


def _deleted(run: Run) -> int:
    """How many servers this run has deleted already, may have deleted, or would have."""
    words = {said(Act.DELETE, dry_run=run.dry_run), begun(Act.DELETE)}
    return len([entry for entry in run.did if entry.what in words])


def _running(services: Services) -> Iterator[Instance]:
    cursor: str | None = None
    while True:
        page = services.instances.page(ended=False, limit=PAGE, cursor=cursor)
        yield from (row for row in page.instances if row.status is Status.RUNNING)
        cursor = page.next_cursor
        if cursor is None:
            return


def _look(services: Services, book: Logbook, row: Instance) -> None:
    """One row by the id of its machine; whatever took long before, the marker is answered for anew (rule R11)."""
    fresh = services.instances.get(row.id)
    if fresh is None or fresh.status is not Status.RUNNING or fresh.machine is None:
        return None
    try:
        there = services.servers.get(fresh.machine.server_id) is not None
        doubt = None if there else marker.doubt(services, services.clock.now())
    except (ProviderError, ProviderUnknown) as error:
        return book.fail(f"{fresh.id}: {error.code}")
    if there:
        return _seen_again(services, book, fresh)
    if doubt is not None:
        return _left_alone(book, fresh, because(Reason.NOT_BELIEVED, fact=doubt))
    return _missing(services, book, fresh, services.clock.now())


def _missing(services: Services, book: Logbook, row: Instance, now: datetime) -> None:
    """A 404 that is believed: the first is noted, the second, late enough, ends the instance."""
    if row.missing_since is None:
        return _note(services, book, (row, replace(row, missing_since=now)), Act.NOTE_MISSING, Reason.FIRST_404)
    if now - row.missing_since < APART:
        return _left_alone(book, row, Reason.TOO_SOON_404)
    lost = replace(begin_deleting(row, EndReason.LOST, now), due_at=now)
    return _note(services, book, (row, lost), Act.DECLARE_LOST, Reason.SECOND_404)


def _seen_again(services: Services, book: Logbook, row: Instance) -> None:
    if row.missing_since is None:
        return _left_alone(book, row, Reason.NOT_LISTED)
    return _note(services, book, (row, replace(row, missing_since=None)), Act.NOTE_BACK, Reason.THERE_AGAIN)


def _note(services: Services, book: Logbook, change: tuple[Instance, Instance], act: Act, why: Reason) -> None:
    """Write a row's change between the two lines of the record."""
    before, after = change
    book.begin(_entry(begun(act), before, why))
    if not book.run.dry_run:
        try:
            save(services, after, before=before)
        except WriteConflict:  # somebody changed the row meanwhile: the next sweep looks again
            book.drop()
            return _left_alone(book, before, Reason.ROW_CHANGED)
    return book.done(_entry(said(act, dry_run=book.run.dry_run), before, why))


def _left_alone(book: Logbook, row: Instance, why: str) -> None:
    book.skip(_entry(LEFT_ALONE, row, why))


def _held(book: Logbook, rows: tuple[Instance, ...], why: Reason) -> None:
    book.skip(*(_entry(HELD_BACK, row, why) for row in rows))


def _entry(what: str, row: Instance, why: str) -> RunEntry:
    server_id = row.machine.server_id if row.machine is not None else None
    return RunEntry(what=what, why=why, instance_id=row.id, server_id=server_id)

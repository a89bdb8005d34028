"""The first half of a run: every due row is served, and the record says what became of each, and why.

A dry run says the same in advance and touches no row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from chalicelib.domain.errors import UnknownSchema
from chalicelib.domain.instance import Instance
from chalicelib.domain.lifecycle import Queue
from chalicelib.domain.reasons import LEFT_ALONE, Act, Reason, begun, said
from chalicelib.operations.advance import advance
from chalicelib.operations.logbook import Logbook
from chalicelib.operations.outlook import Outlook, is_ending, outlook, why_it_ends
from chalicelib.operations.ports import RunEntry
from chalicelib.operations.services import Services
from chalicelib.operations.work_off import BATCH, in_order, work_off


def serve_due_rows(services: Services, book: Logbook, *, left: Callable[[], float]) -> None:
    """Keep in `book` every due row that there was time for; StoreUnavailable as from `work_off`."""
    if book.run.dry_run:
        return _foretold(services, book)
    looked_at: set[str] = set()

    def serve(instance_id: str) -> None:
        looked_at.add(instance_id)
        _serve(services, book, instance_id)

    _, errors = work_off(services, left=left, serve=serve)
    if left() <= 0:
        book.skip(*_out_of_time(services, looked_at))
    return book.fail(*errors)


def _out_of_time(services: Services, looked_at: set[str]) -> Iterator[RunEntry]:
    """A line for every row that is due and was not looked at; none when the time was over with the last of them."""
    for queue in (Queue.DELETE, Queue.WORK):
        for instance_id in services.instances.due(queue, services.clock.now(), BATCH):
            if instance_id not in looked_at:
                yield RunEntry(what=LEFT_ALONE, why=Reason.OUT_OF_TIME, instance_id=instance_id)


def _serve(services: Services, book: Logbook, instance_id: str) -> None:
    """Advance one row; raises what that raises, and then there is an error, and an end that was begun stays so."""
    book.count(rows=1)
    before = services.instances.get(instance_id)
    now = services.clock.now()
    if before is None or not is_ending(before, now):
        hindered = outlook(services, before, now)
        advance(services, instance_id)
        return _note(book, instance_id, before, hindered)
    book.begin(_entry(instance_id, before, _its_end(before), what=begun(Act.END)))
    advance(services, instance_id)
    after = services.instances.get(instance_id)
    if after is not None and after.terminal:
        return book.done(_entry(instance_id, after, _its_end(after), what=Act.END.value))
    book.drop()
    return _note(book, instance_id, after, _still_there(services, after))


def _its_end(row: Instance) -> Outlook:
    server_id = None if row.machine is None else row.machine.server_id
    return Outlook(act=Act.END, why=why_it_ends(row), server_id=server_id)


def _still_there(services: Services, row: Instance | None) -> Outlook:
    """Why a row that should have ended has not: the answer to "why not that one?"."""
    now = services.clock.now()
    found = outlook(services, None if row is None else replace(row, due_at=now), now)
    return replace(found, act=None, why=Reason.WAITS if found.act is Act.END else found.why)


def _foretold(services: Services, book: Logbook) -> None:
    now = services.clock.now()
    for instance_id in in_order(services):
        book.count(rows=1)
        try:
            row = services.instances.get(instance_id)
        except UnknownSchema as error:
            book.fail(f"{instance_id}: {error.code}")
            continue
        _note(book, instance_id, row, outlook(services, row, now))


def _note(book: Logbook, instance_id: str, row: Instance | None, seen: Outlook) -> None:
    if seen.act is None:
        return book.skip(_entry(instance_id, row, seen, what=LEFT_ALONE))
    return book.done(_entry(instance_id, row, seen, what=said(seen.act, dry_run=book.run.dry_run)))


def _entry(instance_id: str, row: Instance | None, seen: Outlook, *, what: str) -> RunEntry:
    known = None if row is None or row.machine is None else row.machine.server_id
    return RunEntry(what=what, why=seen.why, instance_id=instance_id, server_id=seen.server_id or known)

"""Running rows whose machine nobody has: lost only after two 404s, five minutes apart, with the marker (rule R16).

A list that lacks a server proves nothing; it only says which rows are worth a look.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

from chalicelib.domain.errors import ProviderError, ProviderUnknown, WriteConflict
from chalicelib.domain.instance import EndReason, Instance, Status
from chalicelib.operations import marker
from chalicelib.operations.ports import Run, RunEntry
from chalicelib.operations.save import save
from chalicelib.operations.services import Services
from chalicelib.operations.step import begin_deleting

APART = timedelta(minutes=5)
PAGE = 200
DELETED = "deleted"
"""The word with which a run's record says that a server was deleted."""


def missing_rows(services: Services, listed: set[int]) -> tuple[int, tuple[Instance, ...]]:
    """How many rows run, and those of them whose machine is not in a list: nothing is proved by that yet."""
    rows = list(_running(services))
    missing = (row for row in rows if row.machine is not None and row.machine.server_id not in listed)
    return len(rows), tuple(missing)


def look_at_losses(services: Services, run: Run, missing: tuple[Instance, ...], *, left: Callable[[], float]) -> Run:
    """The run with the rows that lost their machine; of what `confirm` allows, what the orphans have left."""
    allowed = None if run.confirm is None else max(run.confirm - _deleted(run), 0)
    for row in missing[:allowed]:
        if left() <= 0:
            break
        run = _look(services, run, row)
    return run


def _deleted(run: Run) -> int:
    """How many servers this run has deleted already."""
    return len([entry for entry in run.did if entry.what == DELETED])


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
        return _entry(run, fresh, skipped=True, why=f"a 404 that is not believed: {doubt}")
    now = services.clock.now()
    if fresh.missing_since is None:
        return _note(services, run, fresh, replace(fresh, missing_since=now), "missing for the first time")
    if now - fresh.missing_since < APART:
        return _entry(run, fresh, skipped=True, why=f"missing for less than {APART}")
    lost = replace(begin_deleting(fresh, EndReason.LOST, now), due_at=now)
    return _note(services, run, fresh, lost, "lost: two 404s, the marker answering")


def _seen_again(services: Services, run: Run, row: Instance) -> Run:
    if row.missing_since is None:
        return _entry(run, row, skipped=True, why="not in the list, but there when asked for by its id")
    return _note(services, run, row, replace(row, missing_since=None), "there again")


def _note(services: Services, run: Run, before: Instance, after: Instance, why: str) -> Run:
    if run.dry_run:
        return _entry(run, before, skipped=False, why=f"would note: {why}")
    with contextlib.suppress(WriteConflict):  # somebody changed the row meanwhile: the next sweep looks again
        save(services, after, before=before)
        return _entry(run, before, skipped=False, why=why)
    return _entry(run, before, skipped=True, why="changed while it was looked at")


def _entry(run: Run, row: Instance, *, skipped: bool, why: str) -> Run:
    server_id = row.machine.server_id if row.machine is not None else None
    entry = RunEntry(what="machine of a running row", why=why, instance_id=row.id, server_id=server_id)
    if skipped:
        return replace(run, skipped=(*run.skipped, entry))
    return replace(run, did=(*run.did, entry))

"""Answer "why was this one deleted?" and "why not that one?" of an instance or of a server, from what is kept.

The row, the audit and the records of the newest runs are asked; the provider is not, so what is said of a server that
lives is at most as old as the last sweep. Of dry runs counts what they saw and left alone; they did nothing, and
however many of them somebody asks for, as many runs that did something are looked at.

A server that was deleted as an orphan is in the audit, under its number and under the instance that its label named,
for as long as runs are kept: that answers where no run that is looked at does any more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from chalicelib.domain.audit import AuditEntry
from chalicelib.domain.errors import UnknownSchema
from chalicelib.domain.instance import Instance
from chalicelib.operations.last_word import Told, of_row
from chalicelib.operations.last_word import of_server as of_server_without_row
from chalicelib.operations.ports import Run, RunEntry
from chalicelib.operations.services import Services

RUNS = 100
"""Runs that are looked at, dry ones not counted: about a day. What was deleted before that is in the audit."""

MOST_RUNS = 1000
"""Runs that are looked at in any case, dry ones counted: each costs a read."""

ENTRIES = 50
PAGE = 200
MOST = 1000
"""Rows that are looked at for a server's number, the newest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """`answer` in a sentence, and what it rests on; `since` is the beginning of the oldest run that was looked at."""

    answer: str
    instance: Instance | None
    told: tuple[Told, ...]
    audit: tuple[AuditEntry, ...]
    runs: int
    since: datetime | None


def of_instance(services: Services, instance_id: str) -> Why:
    """What is known of the end, or of the life, of an instance."""
    return _why(services, instance_id, None)


def of_server(services: Services, server_id: int) -> Why:
    """The same of a server by its number at the provider, whether a row owns it or not."""
    row = next((row for row in _newest_rows(services) if row.machine and row.machine.server_id == server_id), None)
    return _why(services, None if row is None else row.id, server_id)


def _why(services: Services, instance_id: str | None, server_id: int | None) -> Why:
    runs = _runs(services)
    told = _told(runs, instance_id, server_id)
    if instance_id is None:
        instance_id = next((each.entry.instance_id for each in told if each.entry.instance_id), None)
    row = _row(services, instance_id)
    owns = row is not None and (server_id is None or (row.machine is not None and row.machine.server_id == server_id))
    audit = _audit(services, instance_id, server_id, owns=owns)
    return Why(
        answer=of_row(row, told, runs) if row is not None and owns else of_server_without_row(told, runs, audit),
        instance=row if owns else None,
        told=told,
        audit=audit,
        runs=len(runs),
        since=min((run.requested_at for run in runs), default=None),
    )


def _runs(services: Services) -> list[Run]:
    """The newest runs, until so many of them were no dry ones."""
    runs = services.runs.newest(RUNS)
    page = runs
    while len(page) == RUNS and len(runs) < MOST_RUNS and len([run for run in runs if not run.dry_run]) < RUNS:
        page = services.runs.newest(RUNS, before=page[-1])
        runs += page
    return runs


def _audit(services: Services, instance_id: str | None, server_id: int | None, *, owns: bool) -> tuple[AuditEntry, ...]:
    """The entries about an instance; those about a server alone, where the instance that it names is not its own."""
    entries = () if instance_id is None else tuple(services.audit.of_instance(instance_id, ENTRIES))
    if server_id is None or owns:
        return entries
    about_it = tuple(each for each in entries if each.about == f"server {server_id}")
    under_its_number = services.audit.of_server(server_id)
    return about_it if about_it or under_its_number is None else (under_its_number,)


def _row(services: Services, instance_id: str | None) -> Instance | None:
    try:
        return None if instance_id is None else services.instances.get(instance_id)
    except UnknownSchema:
        return None


def _newest_rows(services: Services) -> Iterator[Instance]:
    cursor: str | None = None
    for _ in range(MOST // PAGE):
        page = services.instances.page(ended=True, limit=PAGE, cursor=cursor)
        yield from page.instances
        cursor = page.next_cursor
        if cursor is None:
            return


def _told(runs: Sequence[Run], instance_id: str | None, server_id: int | None) -> tuple[Told, ...]:
    """What the runs said, newest first, the same once."""
    found: dict[RunEntry, Told] = {}
    for run in sorted(runs, key=lambda run: run.requested_at, reverse=True):
        for entry in run.skipped if run.dry_run else (*run.did, *run.skipped):
            if not _is_about(entry, instance_id, server_id):
                continue
            seen = found.get(entry)
            last, times, run_id = (seen.last, seen.times, seen.run_id) if seen else (run.requested_at, 0, run.id)
            found[entry] = Told(first=run.requested_at, last=last, run_id=run_id, times=times + 1, entry=entry)
    return tuple(found.values())[:ENTRIES]


def _is_about(entry: RunEntry, instance_id: str | None, server_id: int | None) -> bool:
    if server_id is not None and entry.server_id is not None:
        return entry.server_id == server_id
    return instance_id is not None and entry.instance_id == instance_id

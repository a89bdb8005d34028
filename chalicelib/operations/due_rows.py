"""The first half of a run: every due row is served, and the record says what became of each, and why.

A dry run says the same in advance and touches no row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from chalicelib.domain.errors import UnknownSchema
from chalicelib.domain.instance import Instance
from chalicelib.domain.reasons import LEFT_ALONE, Act, Reason, said
from chalicelib.operations.advance import advance
from chalicelib.operations.outlook import Outlook, is_ending, outlook, why_it_ends
from chalicelib.operations.ports import Run, RunEntry
from chalicelib.operations.services import Services
from chalicelib.operations.work_off import in_order, work_off


def serve_due_rows(services: Services, run: Run, *, left: Callable[[], float]) -> Run:
    """The run with every due row that there was time for."""
    if run.dry_run:
        return _foretold(services, run)
    record = _Record(services)
    count, errors = work_off(services, left=left, serve=record.serve)
    skipped = record.skipped + ([_OUT_OF_TIME] if left() <= 0 else [])
    return replace(
        run,
        rows=run.rows + count,
        did=(*run.did, *record.did),
        skipped=(*run.skipped, *skipped),
        errors=(*run.errors, *errors),
    )


_OUT_OF_TIME = RunEntry(what=LEFT_ALONE, why=Reason.OUT_OF_TIME)


class _Record:
    """Serves rows one after the other and keeps what was done to each."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self.did: list[RunEntry] = []
        self.skipped: list[RunEntry] = []

    def serve(self, instance_id: str) -> None:
        """Advance one row; raises what that raises, and then there is an error and no entry."""
        before = self._services.instances.get(instance_id)
        now = self._services.clock.now()
        hindered = outlook(self._services, before, now) if before is None or not is_ending(before, now) else None
        advance(self._services, instance_id)
        if hindered is not None:
            self._note(instance_id, before, hindered)
            return
        after = self._services.instances.get(instance_id)
        if after is not None and after.terminal:
            server_id = None if after.machine is None else after.machine.server_id
            self._note(instance_id, after, Outlook(act=Act.END, why=why_it_ends(after), server_id=server_id))
        else:
            self._note(instance_id, after, self._still_there(after))

    def _still_there(self, row: Instance | None) -> Outlook:
        """Why a row that should have ended has not: the answer to "why not that one?"."""
        now = self._services.clock.now()
        found = outlook(self._services, None if row is None else replace(row, due_at=now), now)
        return replace(found, act=None, why=Reason.WAITS if found.act is Act.END else found.why)

    def _note(self, instance_id: str, row: Instance | None, seen: Outlook) -> None:
        entries = self.skipped if seen.act is None else self.did
        entries.append(_entry(instance_id, row, seen, dry_run=False))


def _foretold(services: Services, run: Run) -> Run:
    now = services.clock.now()
    for instance_id in in_order(services):
        run = replace(run, rows=run.rows + 1)
        try:
            row = services.instances.get(instance_id)
        except UnknownSchema as error:
            run = replace(run, errors=(*run.errors, f"{instance_id}: {error.code}"))
            continue
        seen = outlook(services, row, now)
        entry = _entry(instance_id, row, seen, dry_run=True)
        run = _with(run, seen, entry)
    return run


def _with(run: Run, seen: Outlook, entry: RunEntry) -> Run:
    if seen.act is None:
        return replace(run, skipped=(*run.skipped, entry))
    return replace(run, did=(*run.did, entry))


def _entry(instance_id: str, row: Instance | None, seen: Outlook, *, dry_run: bool) -> RunEntry:
    known = None if row is None or row.machine is None else row.machine.server_id
    what = LEFT_ALONE if seen.act is None else said(seen.act, dry_run=dry_run)
    return RunEntry(what=what, why=seen.why, instance_id=instance_id, server_id=seen.server_id or known)

"""The hourly reaper: serve everything due, sweep, and leave a record of what was looked at, done and left alone.

A run that is asked for (`ccc reap`) goes the same way; a dry run writes nothing but its own record. What a run does
with due rows is in `due_rows.py`, with counters in `recount.py`, with servers in `sweep.py`.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from chalicelib.domain.errors import CccError, WriteConflict
from chalicelib.domain.reasons import Reason
from chalicelib.operations.due_rows import serve_due_rows
from chalicelib.operations.logbook import Logbook
from chalicelib.operations.ports import Run, RunState
from chalicelib.operations.recount import recount
from chalicelib.operations.request_reap import new_run
from chalicelib.operations.services import Services
from chalicelib.operations.sweep import sweep

_log = logging.getLogger("ccc.reaper")

MAX_TRIES = 8

CONFIRMATION_HOLDS = timedelta(minutes=10)
"""What somebody has looked at and allowed in numbers is not done later than this: the world has moved on."""


def reap(services: Services, *, left: Callable[[], float]) -> Run:
    """One run of the schedule; its end is told to the log and to the `stack` item, where its absence is noticed."""
    run = carry_out(services, new_run(services), left=left)
    fields = {
        "run_id": run.id,
        "errors": len(run.errors),
        "did": len(run.did),
        "skipped": len(run.skipped),
        "frozen": run.frozen is not None,
        "left_over": _left_over(run),
    }
    _log.info("reap.done", extra={"fields": fields})
    _note_end(services)
    return run


def _left_over(run: Run) -> int:
    """How many due rows and verdicts the run did not come to: a run without these has done its work."""
    return len([entry for entry in run.skipped if entry.why == Reason.OUT_OF_TIME])


def run_requested(services: Services, run_id: str, *, left: Callable[[], float] = lambda: 60.0) -> None:
    """Carry out a run that somebody asked for; a run that was begun before, by anyone, is not begun again."""
    run = services.runs.get(run_id)
    if run is not None and run.state is RunState.REQUESTED:
        carry_out(services, run, left=left)


def carry_out(services: Services, run: Run, *, left: Callable[[], float], serve_due: bool = True) -> Run:
    """Do what a run is for, once, and keep its record, whatever happens; the record as it was kept.

    Of two workers that have the same run one begins it; the other gets the record as it stands.
    """
    begun = replace(run, state=RunState.RUNNING, started_at=services.clock.now())
    try:
        services.runs.begin(begun)
    except WriteConflict:
        return services.runs.get(run.id) or run
    book = Logbook(services.runs, begun)
    if _is_too_late(begun):
        book.fail("too_late: what was confirmed was not begun within ten minutes; look again and confirm anew")
        return _ended(services, book, RunState.FAILED)
    try:
        _work(services, book, left, serve_due=serve_due)
    except CccError as error:
        book.fail(f"{error.code}: {error.message}")
        return _ended(services, book, RunState.FAILED)
    except Exception as error:
        book.fail(type(error).__name__)
        _ended(services, book, RunState.FAILED)
        raise
    return _ended(services, book, RunState.DONE)


def _is_too_late(begun: Run) -> bool:
    """Whether a run that bounds what it may do comes so late that it was bounded for another world."""
    waited = (begun.started_at or begun.requested_at) - begun.requested_at
    return begun.confirm is not None and waited > CONFIRMATION_HOLDS


def _ended(services: Services, book: Logbook, state: RunState) -> Run:
    ended = replace(book.run, state=state, finished_at=services.clock.now())
    services.runs.save(ended)
    return ended


def _work(services: Services, book: Logbook, left: Callable[[], float], *, serve_due: bool) -> None:
    if serve_due:
        serve_due_rows(services, book, left=left)
        recount(services, book, left=left)
    sweep(services, book, left=left)


def _note_end(services: Services) -> None:
    for _ in range(MAX_TRIES):
        stack = services.stack.get()
        if stack is None:
            return
        with contextlib.suppress(WriteConflict):
            services.stack.write(replace(stack, reaped_at=services.clock.now()), stack)
            return

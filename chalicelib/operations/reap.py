"""The hourly reaper: serve everything due, sweep, and leave a record of what was looked at, done and left alone.

A run that is asked for (`ccc reap`) goes the same way; a dry run writes nothing but its own record.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from chalicelib.domain.errors import CccError
from chalicelib.domain.lifecycle import Queue
from chalicelib.operations.ports import Run, RunEntry, RunState
from chalicelib.operations.request_reap import new_run
from chalicelib.operations.services import Services
from chalicelib.operations.sweep import sweep
from chalicelib.operations.work_off import BATCH, work_off


def reap(services: Services, *, left: Callable[[], float]) -> Run:
    """One run of the schedule."""
    return carry_out(services, new_run(services), left=left)


def run_requested(services: Services, run_id: str, *, left: Callable[[], float] = lambda: 60.0) -> None:
    """Carry out a run that somebody asked for; a run that was begun before is not begun again."""
    run = services.runs.get(run_id)
    if run is not None and run.state is RunState.REQUESTED:
        carry_out(services, run, left=left)


def carry_out(services: Services, run: Run, *, left: Callable[[], float], serve_due: bool = True) -> Run:
    """Do what a run is for and keep its record, whatever happens; the record as it was kept."""
    begun = replace(run, state=RunState.RUNNING, started_at=services.clock.now())
    services.runs.save(begun)
    done = begun
    try:
        if serve_due:
            done = _due(services, done, left)
        done = replace(sweep(services, done, left=left), state=RunState.DONE)
    except CccError as error:
        done = replace(done, state=RunState.FAILED, errors=(*done.errors, f"{error.code}: {error.message}"))
    ended = replace(done, finished_at=services.clock.now())
    services.runs.save(ended)
    return ended


def _due(services: Services, run: Run, left: Callable[[], float]) -> Run:
    """Everything due, or in a dry run a list of what would be served."""
    if not run.dry_run:
        count, errors = work_off(services, left=left)
        return replace(run, rows=run.rows + count, errors=(*run.errors, *errors))
    now = services.clock.now()
    ends = tuple(
        RunEntry(what=f"would serve ({queue})", why="it is due", instance_id=instance_id)
        for queue in (Queue.DELETE, Queue.WORK)
        for instance_id in services.instances.due(queue, now, BATCH)
    )
    return replace(run, rows=run.rows + len(ends), did=(*run.did, *ends))

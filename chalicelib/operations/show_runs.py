"""Show what reap runs looked at, did, and left alone, and why."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.domain.errors import NotFound
from chalicelib.operations.ports import Run, RunPage, RunState
from chalicelib.operations.services import Services

LONGEST_RUN = timedelta(minutes=15)
"""The longest time a function of Lambda may have: a run that is older and not over was killed in the middle."""


def show_run(services: Services, run_id: str) -> Run:
    """One run; NotFound."""
    run = services.runs.get(run_id)
    if run is None:
        raise NotFound("There is no such reap run.")
    return _as_it_stands(run, services.clock.now())


def list_runs(services: Services, *, limit: int, cursor: str | None = None) -> RunPage:
    """Runs, newest first, from the cursor of an earlier page on; InvalidInput for a cursor that is none."""
    now = services.clock.now()
    page = services.runs.page(limit, cursor)
    return replace(page, runs=tuple(_as_it_stands(run, now) for run in page.runs))


def _as_it_stands(run: Run, now: datetime) -> Run:
    """The run, or the run as interrupted: what it had done before is finished by the next."""
    if run.state is RunState.RUNNING and run.started_at is not None and now - run.started_at > LONGEST_RUN:
        return replace(run, state=RunState.INTERRUPTED)
    return run

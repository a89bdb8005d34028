"""Show what reap runs looked at, did, and left alone, and why."""

from __future__ import annotations

from chalicelib.domain.errors import NotFound
from chalicelib.operations.ports import Run
from chalicelib.operations.services import Services


def show_run(services: Services, run_id: str) -> Run:
    """One run; NotFound."""
    run = services.runs.get(run_id)
    if run is None:
        raise NotFound("There is no such reap run.")
    return run


def list_runs(services: Services, *, limit: int) -> list[Run]:
    """The newest runs, newest first."""
    return services.runs.newest(limit)

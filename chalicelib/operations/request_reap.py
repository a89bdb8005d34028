"""Ask for a reap run: its record is written first, a nudge carries it out."""

from __future__ import annotations

from chalicelib.domain.audit import Deed
from chalicelib.operations.note import note
from chalicelib.operations.ports import Run, RunState
from chalicelib.operations.services import Services


def request_reap(services: Services, *, dry_run: bool, confirm: int | None) -> Run:
    """The run as requested; a `dry_run` explains and changes nothing, `confirm` lets it act on at most so many."""
    run = new_run(services, dry_run=dry_run, confirm=confirm)
    services.runs.save(run)
    note(services, Deed.REAP_REQUESTED, f"{_kind(run)} {run.id}")
    services.nudge.reap(run.id)
    return run


def new_run(services: Services, *, dry_run: bool = False, confirm: int | None = None) -> Run:
    """A run that nobody has begun; its id sorts by time."""
    now = services.clock.now()
    return Run(
        id=f"{now:%Y%m%dT%H%M%S}-{services.ids.new()[:8]}",
        state=RunState.REQUESTED,
        dry_run=dry_run,
        confirm=confirm,
        requested_at=now,
    )


def _kind(run: Run) -> str:
    """What was asked for, in the audit's few words: whether it may act at all, and on how many where that was said."""
    kind = "dry run" if run.dry_run else "run"
    return kind if run.confirm is None else f"{kind} of at most {run.confirm}"

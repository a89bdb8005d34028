"""The minute's work: refresh the market, serve what is due, sweep when the last sweep is a quarter of an hour old."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from chalicelib.domain.catalogue import MARKET_AGE
from chalicelib.domain.errors import CccError, ProviderError, ProviderUnknown, WriteConflict
from chalicelib.operations.ports import RunState
from chalicelib.operations.reap import carry_out
from chalicelib.operations.request_reap import new_run
from chalicelib.operations.services import Services
from chalicelib.operations.work_off import work_off

SWEEP_EVERY = timedelta(minutes=15)
NUDGE_IS_LOST = timedelta(seconds=60)
NEWEST_RUNS = 5


class WorkFailed(CccError):
    """Part of a batch failed; the rest was done. It is raised so that the failure shows in the error metric."""

    code = "work_failed"


def tick(services: Services, *, left: Callable[[], float]) -> None:
    """Do the minute's work while `left()` seconds are positive; WorkFailed at the end if anything failed."""
    errors = list(_refresh_market(services))
    _, failed = work_off(services, left=left)
    errors += failed
    if left() > 0:
        errors += _sweep(services, left)
        _forgotten_runs(services, left)
    if errors:
        raise WorkFailed("; ".join(errors[:20]), errors=len(errors))


def _forgotten_runs(services: Services, left: Callable[[], float]) -> None:
    """Carry out what was asked for and whose nudge was lost."""
    before = services.clock.now() - NUDGE_IS_LOST
    for run in services.runs.newest(NEWEST_RUNS):
        if run.state is RunState.REQUESTED and run.requested_at <= before:
            carry_out(services, run, left=left)


def _refresh_market(services: Services) -> tuple[str, ...]:
    now = services.clock.now()
    kept = services.catalogue.market()
    if kept is not None and abs(now - kept.read_at) < MARKET_AGE:
        return ()
    try:
        services.catalogue.keep(services.servers.market(now))
    except (ProviderError, ProviderUnknown) as error:
        services.alarms.raise_alarm("catalogue.not_read", code=error.code)
        return (f"catalogue: {error.code}",)
    return ()


def _sweep(services: Services, left: Callable[[], float]) -> tuple[str, ...]:
    """Sweep when it is time; whoever writes `swept_at` first does it, and also a refused sweep waits its turn."""
    now, stack = services.clock.now(), services.stack.get()
    if stack is None or (stack.swept_at is not None and abs(now - stack.swept_at) < SWEEP_EVERY):
        return ()
    try:
        services.stack.write(replace(stack, swept_at=now), stack)
    except WriteConflict:
        return ()
    return carry_out(services, new_run(services), left=left, serve_due=False).errors

"""The minute's work: count on, refresh the market, serve what is due, sweep a quarter of an hour after the last sweep.

Who was shut out a moment ago is looked for once more, before what is due is served: see `deprovision_owner.py`.

While the provider is silent, what is due comes first: see `_ask_provider`.

With each sweep the money set aside is told to the log, and whether the hourly reaper still comes (row R13).
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.domain import budget
from chalicelib.domain.catalogue import MARKET_AGE
from chalicelib.domain.errors import CccError, ProviderError, ProviderUnknown, WriteConflict
from chalicelib.operations import marker
from chalicelib.operations.deprovision_owner import look_again
from chalicelib.operations.ports import RunState, StackState
from chalicelib.operations.raise_epoch import keep_counting
from chalicelib.operations.reap import carry_out
from chalicelib.operations.request_reap import new_run
from chalicelib.operations.save import spend_key
from chalicelib.operations.services import Services
from chalicelib.operations.work_off import work_off

SWEEP_EVERY = timedelta(minutes=15)
NUDGE_IS_LOST = timedelta(seconds=60)
NEWEST_RUNS = 5
REAPER_IS_MISSED = timedelta(hours=2, minutes=15)
"""Two runs of the hourly reaper did not come to an end, and a quarter of an hour has passed."""

TELL_AGAIN = timedelta(hours=1)

_log = logging.getLogger("ccc.reaper")


class WorkFailed(CccError):
    """Part of a batch failed; the rest was done. It is raised so that the failure shows in the error metric."""

    code = "work_failed"


def tick(services: Services, *, left: Callable[[], float]) -> None:
    """Do the minute's work while `left()` seconds are positive; WorkFailed at the end if anything failed."""
    errors: list[str] = []
    silent = marker.was_silent(services)
    if not silent:
        errors += _ask_provider(services)
    errors += look_again(services)
    _, failed = work_off(services, left=left)
    errors += failed
    if silent and left() > 0:
        errors += _ask_provider(services)
    if left() > 0:
        errors += _sweep(services, left)
        _forgotten_runs(services, left)
    if errors:
        raise WorkFailed("; ".join(errors[:20]), errors=len(errors))


def _ask_provider(services: Services) -> tuple[str, ...]:
    """What each minute asks of the provider, before what is due, and after it while the provider is silent.

    Each of these may wait half a minute for no answer: letters and rows that need no provider go before that.
    """
    keep_counting(services)
    return _refresh_market(services)


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
        marker.require_patience(services, now)
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
        ours = services.stack.write(replace(stack, swept_at=now), stack)
    except WriteConflict:
        return ()
    _tell_spend(services, now)
    _watch_the_reaper(services, ours, now)
    return carry_out(services, new_run(services), left=left, serve_due=False).errors


def _tell_spend(services: Services, now: datetime) -> None:
    """What this month's machines will have cost if nothing more is ordered, for whoever draws it as a curve."""
    key = spend_key(budget.month_of(now))
    micro_eur = services.instances.counters([key])[key]
    fields = {"eur": float(budget.euros(micro_eur)), "cap_eur": float(services.limits.max_monthly_eur)}
    _log.info("spend.projected", extra={"fields": fields})


def _watch_the_reaper(services: Services, stack: StackState, now: datetime) -> None:
    """An alarm once an hour while no scheduled run comes to its end; the first look only begins to wait."""
    if stack.reaped_at is None:
        seen = replace(stack, reaped_at=now)
    elif now - stack.reaped_at <= REAPER_IS_MISSED or _was_told(stack, now):
        return
    else:
        services.alarms.raise_alarm("reap.missed", since=stack.reaped_at.isoformat())
        seen = replace(stack, missed_told_at=now)
    with contextlib.suppress(WriteConflict):  # the next sweep looks again
        services.stack.write(seen, stack)


def _was_told(stack: StackState, now: datetime) -> bool:
    return stack.missed_told_at is not None and abs(now - stack.missed_told_at) < TELL_AGAIN

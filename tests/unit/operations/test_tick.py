"""The minute's work: market, what is due, and a sweep every quarter of an hour."""

from __future__ import annotations

import contextlib
import logging
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from chalicelib.domain import budget
from chalicelib.domain.errors import ProviderUnknown
from chalicelib.domain.instance import Status
from chalicelib.operations.ports import Run, RunState
from chalicelib.operations.reap import run_requested
from chalicelib.operations.request_reap import request_reap
from chalicelib.operations.tick import WorkFailed, tick
from tests.unit.domain.samples import MINUTE
from tests.unit.operations.between import Between, meeting
from tests.unit.operations.world import World


def calls(world: World, method: str) -> int:
    """How often the provider was asked for this."""
    return [called for called, _ in world.servers.calls].count(method)


def test_the_market_is_read_when_it_is_five_minutes_old() -> None:
    """One request in five minutes, for everybody."""
    world = World()
    for minute in range(11):
        world.tick()
        assert calls(world, "market") == minute // 5
        world.clock.advance(MINUTE)
    market = world.services.catalogue.market()
    assert market is not None
    assert market.read_at == world.clock.now() - MINUTE


def test_the_first_tick_of_a_stack_reads_the_market() -> None:
    """A table without a market gets one."""
    world = World()
    world.table.delete("catalogue")
    world.tick()
    assert world.services.catalogue.market() is not None


def test_a_market_that_cannot_be_read_is_told_and_the_old_one_kept() -> None:
    """The rest of the minute's work is done, and the failure shows at the end."""
    world = World()
    row = world.with_builder()
    world.clock.advance(6 * MINUTE)
    world.servers.fail_next(ProviderUnknown("timed out"), "market")
    with pytest.raises(WorkFailed) as caught:
        world.tick()
    assert "catalogue: provider_unknown" in str(caught.value)
    assert world.row(row.id).status is Status.INSTALLING
    assert world.services.catalogue.market() is not None
    assert "catalogue.not_read" in world.alarms.events()


def test_a_sweep_every_quarter_of_an_hour() -> None:
    """The first tick sweeps, and then every fifteenth minute, each time with a record."""
    world = World()
    for minute in range(31):
        world.tick()
        assert calls(world, "listed") == 1 + minute // 15
        world.clock.advance(MINUTE)
    assert len(world.services.runs.newest(10)) == 3


def test_a_refused_sweep_waits_its_turn() -> None:
    """In the wrong project the sweep is refused once a quarter of an hour, not every minute."""
    world = World()
    world.servers.use_token("another project's")
    for _ in range(15):
        world.tick()
        world.clock.advance(MINUTE)
    assert world.alarms.events().count("sweep.refused") == 1


def test_r11_of_two_ticks_at_once_one_sweeps() -> None:
    """Whoever writes `swept_at` first does it (row R11)."""
    world = World()
    stack = world.stack
    world.tick()
    swept = calls(world, "listed")
    assert world.stack.swept_at == world.clock.now()
    assert stack.swept_at is None
    world.tick()
    assert calls(world, "listed") == swept == 1


def test_what_failed_shows_in_the_error() -> None:
    """A row that raised makes the tick fail after everything else was done, sweep included."""
    world = World()
    row = world.order().instance
    world.keyring.rotate()
    world.keyring.throw_away("k1")
    with pytest.raises(WorkFailed) as caught:
        world.tick()
    assert str(caught.value) == f"{row.id}: not_found"
    assert calls(world, "listed") == 1


def test_a_sweep_that_failed_shows_in_the_error() -> None:
    """Failure must be seen in the error metric: the record of the run is not enough."""
    world = World()
    world.servers.fail_next(ProviderUnknown("timed out"), "listed")
    with pytest.raises(WorkFailed) as caught:
        world.tick()
    assert "provider_unknown" in str(caught.value)


def test_without_time_nothing_is_begun() -> None:
    """A tick that comes with no time left neither works nor sweeps."""
    world = World()
    row = world.order().instance
    tick(world.services, left=lambda: 0.0)
    assert world.row(row.id).status is Status.REQUESTED
    assert calls(world, "listed") == 0


def test_before_the_stack_is_founded_there_is_nothing_to_sweep() -> None:
    """A tick before the first deployment is done does no harm."""
    world = World()
    world.table.delete("stack")
    world.tick()
    assert calls(world, "listed") == 0


def test_i19_an_idle_hour_costs_few_requests() -> None:
    """60 ticks with nothing due: 12 readings of the market, 4 lists, a marker read and raised for each and each minute.

    With two or three requests behind a reading of the market these are 160 of the 3,000 of an hour.
    """
    world = World()
    world.running(24)
    world.tick()
    world.servers.calls.clear()
    for _ in range(60):
        world.clock.advance(MINUTE)
        world.tick()
    assert {method: calls(world, method) for method, _ in world.servers.calls} == {
        "market": 12,
        "listed": 4,
        "read_marker": 60 + 4,
        "raise_epoch": 60 + 4,
    }


def test_a_paused_service_still_ends_machines() -> None:
    """The switch stops beginnings, never ends."""
    world = World()
    row = world.running()
    world.services.stack.write(replace(world.stack, paused=True), world.stack)
    assert world.settle(row.id, Status.DELETED).status is Status.DELETED


def test_a_requested_run_whose_nudge_was_lost_is_carried_out_a_minute_later() -> None:
    """A tick begins what was asked for a minute ago and nobody has begun, and no younger one."""
    world = World()
    asked = request_reap(world.services, dry_run=True, confirm=None)
    world.nudge.take()
    world.tick()
    assert world.services.runs.get(asked.id) == asked
    world.clock.advance(MINUTE)
    world.tick()
    done = world.services.runs.get(asked.id)
    assert done is not None
    assert done.state is RunState.DONE


def test_every_sweep_tells_what_the_month_will_cost(caplog: pytest.LogCaptureFixture) -> None:
    """Once a sweep and not once a tick: euros set aside in this month, and the cap they are held against."""
    world = World()
    world.running()
    with caplog.at_level(logging.INFO, "ccc"):
        for _ in range(16):
            world.wait(MINUTE)
    told = [fields_of(record) for record in caplog.records if record.getMessage() == "spend.projected"]
    assert told == [{"eur": float(budget.euros(world.spend)), "cap_eur": 100.0}] * 2


def fields_of(record: logging.LogRecord) -> object:
    """What a line of the log says beside its event."""
    return getattr(record, "fields", None)


def test_a_reaper_that_never_came_is_missed_too() -> None:
    """A stack whose schedule never worked: it is waited for from the first sweep on, and told once an hour."""
    world = World()
    for _ in range(14):
        world.wait(10 * MINUTE)
    assert "reap.missed" not in world.alarms.events()
    for _ in range(12):
        world.wait(10 * MINUTE)
    assert world.alarms.events().count("reap.missed") == 2
    world.reap()
    for _ in range(12):
        world.wait(10 * MINUTE)
    assert world.alarms.events().count("reap.missed") == 2
    assert world.stack.reaped_at is not None


def test_a_sweep_of_a_tick_or_a_wish_is_no_run_of_the_schedule() -> None:
    """Only the hourly run shows that the schedule works."""
    world = World()
    world.wait(MINUTE)
    since = world.stack.reaped_at
    world.clock.advance(MINUTE)
    request_reap(world.services, dry_run=False, confirm=None)
    world.follow_nudges()
    assert world.stack.reaped_at == since
    world.reap()
    assert world.stack.reaped_at == world.clock.now()


def late_run(world: World, confirm: int | None, minutes: int) -> Run:
    """A run that was asked for so long ago, and whose nudge is lost, as it stands after a tick."""
    run = request_reap(world.services, dry_run=False, confirm=confirm)
    world.nudge.take()
    world.clock.advance(minutes * MINUTE)
    world.tick()
    kept = world.services.runs.get(run.id)
    assert kept is not None
    return kept


def test_a_confirmed_run_that_is_begun_in_time_is_carried_out() -> None:
    """A lost nudge costs a minute; one without a number waits as long as it must."""
    world = World()
    assert late_run(world, 3, 10).state is RunState.DONE
    assert late_run(world, None, 11).state is RunState.DONE


def test_a_confirmed_run_that_comes_late_is_refused_with_its_reason() -> None:
    """What somebody allowed in numbers was for what they saw then: after ten minutes nothing of it is done."""
    world = World()
    kept = late_run(world, 3, 11)
    assert (kept.state, kept.rows, kept.servers, kept.did) == (RunState.FAILED, 0, 0, ())
    assert kept.errors[0].startswith("too_late: ")
    run_requested(world.services, kept.id)
    assert world.services.runs.get(kept.id) == kept


def test_a_nudge_that_arrives_late_is_refused_too() -> None:
    """A queue may keep a message for hours."""
    world = World()
    run = request_reap(world.services, dry_run=False, confirm=3)
    world.clock.advance(11 * MINUTE)
    run_requested(world.services, run.id)
    kept = world.services.runs.get(run.id)
    assert kept is not None
    assert kept.state is RunState.FAILED


def look(world: World, instance_id: str, started: list[bool]) -> None:
    """Note whether a builder was started for it by now."""
    started.append(world.row(instance_id).build is not None)


def test_while_the_provider_is_silent_what_is_due_comes_first() -> None:
    """A look that waits half a minute for nothing is made after the rows were served; with answers, before (R21)."""
    for silent in (True, False):
        world = World()
        if silent:
            world.servers.fail_next(ProviderUnknown("timed out"), "read_marker")
        with contextlib.suppress(WorkFailed):
            world.tick()
        world.clock.advance(MINUTE)
        row = world.order().instance
        started: list[bool] = []
        servers: Any = Between(world.services.servers, "read_marker", partial(look, world, row.id, started))
        with meeting(world, servers=servers):
            world.tick()
        assert started == [silent]

"""Ticks and reapings: one at a time, by the right clock, whatever a handler raises."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from chalicelib.operations.reap import reap
from chalicelib.operations.tick import tick
from onebox.gateway.lambda_context import LambdaContext
from onebox.gateway.ticker import Ticker
from tests.fakes.clock import FakeClock
from tests.unit.onebox.until import until
from tests.unit.operations.world import World


class _Handlers:
    """Counts calls, and fails or waits when told."""

    def __init__(self) -> None:
        self.ticks: list[dict[str, Any]] = []
        self.reaps: list[dict[str, Any]] = []
        self.at_once = 0
        self.most_at_once = 0
        self.broken = False
        self.gate = threading.Event()
        self.gate.set()

    def tick(self, event: dict[str, Any], context: LambdaContext) -> None:
        assert context.get_remaining_time_in_millis() > 1000
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self.ticks.append(event)
        self.gate.wait(60)
        self.at_once -= 1
        if self.broken:
            raise RuntimeError("made up")

    def reap(self, event: dict[str, Any], _context: LambdaContext) -> None:
        self.reaps.append(event)


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Failures are logged; not here."""
    log = logging.getLogger("ccc.ticker")
    log.disabled = True
    yield
    log.disabled = False


def _ticker(handlers: _Handlers, clock: FakeClock, folder: Path) -> Ticker:
    return Ticker(tick=handlers.tick, reap=handlers.reap, now=clock.now, last_reap=folder / "last-reap")


def test_events_have_the_shape_of_eventbridge(tmp_path: Path) -> None:
    """Chalice's scheduled functions read exactly these members."""
    handlers = _Handlers()
    _ticker(handlers, FakeClock(), tmp_path).run_once()
    event = handlers.ticks[0]
    assert set(event) == {
        *("version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail"),
    }
    assert event["time"] == "2026-11-23T10:00:00Z"


def test_reaping_follows_the_shared_clock(tmp_path: Path) -> None:
    """At the first start, and then once the clock has passed an hour, however short that was in real time."""
    handlers, clock = _Handlers(), FakeClock()
    ticker = _ticker(handlers, clock, tmp_path)
    for minutes, reaps in ((0, 1), (59, 1), (1, 2), (0, 2), (240, 3)):
        clock.advance(timedelta(minutes=minutes))
        ticker.run_once()
        assert len(handlers.reaps) == reaps
    assert len(handlers.ticks) == 5


def _of_a_world(world: World, folder: Path, *, reaps: bool = True) -> Ticker:
    """Ticks and reapings of a service; without `reaps` the reaper never gets as far as its work."""

    def reaping(_event: dict[str, Any], _context: LambdaContext) -> None:
        if not reaps:
            raise RuntimeError("made up")
        reap(world.services, left=lambda: 60.0)

    def ticking(_event: dict[str, Any], _context: LambdaContext) -> None:
        tick(world.services, left=lambda: 60.0)

    return Ticker(tick=ticking, reap=reaping, now=world.clock.now, last_reap=folder / "last-reap")


@pytest.mark.parametrize("hours", [1, 3, 50])
def test_a_clock_that_is_moved_by_hours_makes_nobody_miss_the_reaper(hours: int, tmp_path: Path) -> None:
    """Its run is due at once, and comes before the tick that looks for it."""
    world = World()
    ticker = _of_a_world(world, tmp_path)
    for _ in range(3):
        ticker.run_once()
        world.clock.advance(timedelta(hours=hours))
    ticker.run_once()
    assert "reap.missed" not in world.alarms.events()


def test_a_reaper_that_fails_is_missed_however_the_clock_moves(tmp_path: Path) -> None:
    """The tick after its failed run says so, once an hour."""
    world = World()
    _of_a_world(world, tmp_path).run_once()
    broken = _of_a_world(world, tmp_path, reaps=False)
    for minutes, told in ((2 * 60, 0), (16, 1), (30, 1), (31, 2)):
        world.clock.advance(timedelta(minutes=minutes))
        broken.run_once()
        assert world.alarms.events().count("reap.missed") == told


def test_the_last_reaping_is_remembered_across_lives(tmp_path: Path) -> None:
    """A restart is no reason to reap."""
    handlers, clock = _Handlers(), FakeClock()
    _ticker(handlers, clock, tmp_path).run_once()
    _ticker(handlers, clock, tmp_path).run_once()
    assert len(handlers.reaps) == 1


@pytest.mark.parametrize("content", ["", "soon", "99999999999"])
def test_a_damaged_memory_leads_to_a_reaping(content: str, tmp_path: Path) -> None:
    """A file that holds nonsense, or a time to come, cannot keep the reaper away."""
    (tmp_path / "last-reap").write_text(content)
    handlers = _Handlers()
    _ticker(handlers, FakeClock(), tmp_path).run_once()
    assert len(handlers.reaps) == 1


def test_a_tick_that_raises_is_followed_by_the_next(tmp_path: Path) -> None:
    """The ticker goes on, and counts as having ticked."""
    handlers = _Handlers()
    handlers.broken = True
    ticker = _ticker(handlers, FakeClock(), tmp_path)
    thread = threading.Thread(target=ticker.run, args=((), 0.01))
    thread.start()
    assert until(lambda: len(handlers.ticks) >= 3)
    ticker.stop(60)
    thread.join(60)
    assert ticker.ticked.is_set()


def test_there_are_never_two_ticks_at_once(tmp_path: Path) -> None:
    """A tick that is asked for waits for the one that is going on, and then happens."""
    handlers = _Handlers()
    ticker = _ticker(handlers, FakeClock(), tmp_path)
    handlers.gate.clear()
    threads = [threading.Thread(target=ticker.run_once) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert until(lambda: handlers.ticks)
    assert not until(lambda: len(handlers.ticks) > 1, patience=0.05)
    handlers.gate.set()
    for thread in threads:
        thread.join(60)
    assert (len(handlers.ticks), handlers.most_at_once) == (3, 1)


def test_the_end_waits_a_moment_for_a_tick(tmp_path: Path) -> None:
    """Stopping returns when the tick is over, and in any case after the given time."""
    handlers = _Handlers()
    ticker = _ticker(handlers, FakeClock(), tmp_path)
    handlers.gate.clear()
    thread = threading.Thread(target=ticker.run, args=((),))
    thread.start()
    assert until(lambda: handlers.ticks)
    ticker.stop(0.02)
    assert thread.is_alive()
    handlers.gate.set()
    ticker.stop(60)
    thread.join(60)
    assert len(handlers.ticks) == 1

"""The hourly run and the one that is asked for: what they do, and the record they leave."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chalicelib.adapters.sqlite_table import SqliteTable
from chalicelib.domain import labels
from chalicelib.domain.errors import ProviderUnknown, StoreUnavailable
from chalicelib.domain.instance import Status
from chalicelib.domain.orphans import ServerFact
from chalicelib.domain.reasons import HELD_BACK, LEFT_ALONE, Reason
from chalicelib.operations.found_stack import found_stack
from chalicelib.operations.ports import RunState
from chalicelib.operations.reap import carry_out, reap, run_requested
from chalicelib.operations.request_reap import request_reap
from chalicelib.operations.save import LIVE
from chalicelib.operations.services import Services
from tests.faults.dying import die
from tests.simulation.crashing import Killed
from tests.unit.domain.samples import HOUR, MINUTE
from tests.unit.operations.between import Between
from tests.unit.operations.whole_table import WholeTable
from tests.unit.operations.world import World


def orphan(world: World, number: int = 0) -> int:
    """A server with all our labels that no row owns, an hour old."""
    instance_id = f"{number:012x}"
    fact = ServerFact(
        server_id=90_001 + number,
        name=labels.server_name(instance_id),
        labels=labels.server_labels(stack=world.stack.uuid, instance_id=instance_id),
        created_at=world.clock.now() - HOUR,
        status="running",
        ip="198.18.9.9",
    )
    world.servers.add(fact)
    return fact.server_id


def test_r13_the_reaper_alone_ends_machines() -> None:
    """Without any tick the hourly run deletes what is over, and says how much it looked at (row R13)."""
    world = World()
    row = world.running()
    world.clock.advance(2 * HOUR)
    run = world.reap()
    assert world.row(row.id).status is Status.DELETED
    assert (run.state, run.rows, run.errors) == (RunState.DONE, 1, ())
    assert world.services.runs.get(run.id) == run
    assert run.started_at == run.finished_at == world.clock.now()


def test_a_run_that_fails_says_so_and_keeps_what_it_did() -> None:
    """The sweep could not look: the rows that were served before stay in the record (state `failed`)."""
    world = World()
    world.running()
    world.clock.advance(2 * HOUR)
    world.servers.fail_next(ProviderUnknown("The provider did not answer."), "listed")
    run = world.reap()
    assert (run.state, run.rows) == (RunState.FAILED, 1)
    assert run.errors == ("provider_unknown: The provider did not answer.",)
    assert world.services.runs.get(run.id) == run


def test_what_raised_is_in_the_record() -> None:
    """A row that was put off is named in the run's errors."""
    world = World()
    row = world.order().instance
    world.keyring.rotate()
    world.keyring.throw_away("k1")
    assert world.reap().errors == (f"{row.id}: not_found",)


def test_a_requested_dry_run_writes_nothing_but_its_record() -> None:
    """Due rows and orphans are named; rows, counters and servers stay as they are; only the marker's answer is kept."""
    world = World()
    row = world.running()
    orphan(world)
    world.reap()
    world.clock.advance(2 * HOUR)
    asked = request_reap(world.services, dry_run=True, confirm=None)
    before = {key: item for key, item in world.table._items.items() if not key.startswith(("run#", "stack"))}
    stack = world.stack
    world.follow_nudges()
    after = {key: item for key, item in world.table._items.items() if not key.startswith(("run#", "stack"))}
    assert after == before
    answer: dict[str, Any] = {"marker_seen_at": None, "marker_epoch": None, "version": 0}
    assert replace(world.stack, **answer) == replace(stack, **answer)
    run = world.services.runs.get(asked.id)
    assert run is not None
    assert run.state is RunState.DONE
    assert [(entry.what, entry.instance_id) for entry in run.did] == [
        ("would end", row.id),
        ("would delete", "0" * 12),
    ]
    assert len(world.servers.project.servers) == 2


def test_a_requested_run_is_carried_out_once() -> None:
    """A second nudge, or one for a run that nobody asked for, does nothing."""
    world = World()
    asked = request_reap(world.services, dry_run=False, confirm=None)
    world.follow_nudges()
    done = world.services.runs.get(asked.id)
    world.clock.advance(MINUTE)
    run_requested(world.services, asked.id)
    run_requested(world.services, "20990101T000000-00000000")
    assert world.services.runs.get(asked.id) == done


class Locked(WholeTable):
    """A dictionary that several threads may use: one call at a time."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.RLock()

    def __getattribute__(self, name: str) -> Any:
        """A method of the table that waits its turn."""
        found = super().__getattribute__(name)
        if name.startswith("_") or not callable(found):
            return found

        def call(*args: Any, **kwargs: Any) -> Any:
            with self._lock:
                return found(*args, **kwargs)

        return call


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_a_run_that_two_workers_have_at_once_acts_once(kind: str, tmp_path: Path) -> None:
    """Both have read that it is requested before either begins it: at most N are deleted, and by one of them."""
    world = World()
    table: Any = Locked() if kind == "memory" else SqliteTable(tmp_path / "table.db", clock=world.clock)
    world.table = table
    world.services = world._services()
    found_stack(world.services)
    for number in range(4):
        orphan(world, number)
    world.reap()
    world.clock.advance(15 * MINUTE)
    asked = request_reap(world.services, dry_run=False, confirm=1)
    together = threading.Barrier(2)

    def worker() -> Services:
        runs: Any = Between(world.services.runs, "get", lambda: together.wait(20), after=True)
        return replace(world.services, runs=runs)

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(run_requested, services, asked.id) for services in (worker(), worker())]:
            done.result(30)
    run = world.services.runs.get(asked.id)
    assert run is not None
    assert (run.state, len(run.did)) == (RunState.DONE, 1)
    assert len(world.servers.project.servers) == 3
    assert [method for method, _ in world.servers.calls].count("delete") == 1
    if kind == "sqlite":
        table.close()


def test_a_run_that_is_begun_elsewhere_is_only_looked_at() -> None:
    """Whoever comes second gets the record as it stands, and asks the provider nothing."""
    world = World()
    asked = request_reap(world.services, dry_run=False, confirm=None)
    world.follow_nudges()
    world.servers.calls.clear()
    assert carry_out(world.services, asked, left=lambda: 60.0) == world.services.runs.get(asked.id)
    assert world.servers.calls == []


def test_a_requested_run_keeps_its_number_of_confirmed_orphans() -> None:
    """What the operator confirmed reaches the sweep."""
    world = World()
    server_id = orphan(world)
    world.reap()
    world.clock.advance(15 * MINUTE)
    request_reap(world.services, dry_run=False, confirm=0)
    world.follow_nudges()
    assert server_id in world.servers.project.servers
    request_reap(world.services, dry_run=False, confirm=1)
    world.follow_nudges()
    assert server_id not in world.servers.project.servers


def test_a_store_that_fails_in_the_middle_leaves_a_failed_run() -> None:
    """The record says `failed`, with the store's own sentence."""
    world = World()
    world.running()
    world.clock.advance(2 * HOUR)
    instances = world.services.instances

    class Down:
        """A table whose due index does not answer."""

        def __getattr__(self, name: str) -> object:
            """Everything else is as it was."""
            return getattr(instances, name)

        def due(self, *_: object) -> list[str]:
            """No answer."""
            raise StoreUnavailable("The table did not answer.")

    world.services = replace(world.services, instances=Down())  # type: ignore[arg-type]  # a port but for one answer
    run = world.reap()
    assert (run.state, run.errors) == (RunState.FAILED, ("store_unavailable: The table did not answer.",))


def test_a_run_of_the_schedule_tells_its_end_to_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """One line with the counts that a dead-man alarm looks at; a run that was asked for tells none."""
    world = World()
    world.running()
    orphan(world)
    world.clock.advance(2 * HOUR)
    with caplog.at_level(logging.INFO, "ccc"):
        run = world.reap()
        request_reap(world.services, dry_run=True, confirm=None)
        world.follow_nudges()
    (told,) = [record for record in caplog.records if record.getMessage() == "reap.done"]
    assert told.levelno == logging.INFO
    assert getattr(told, "fields", None) == {
        "run_id": run.id,
        "errors": 0,
        "did": 1,
        "skipped": len(run.skipped),
        "frozen": False,
        "left_over": 0,
    }


def test_what_a_run_had_no_time_for_is_counted(caplog: pytest.LogCaptureFixture) -> None:
    """Due rows and orphans that a run did not come to are in its line: it has not done its work."""
    world = World()
    due = {world.running().id for _ in range(2)}
    orphan(world)
    world.tick()
    world.clock.advance(2 * HOUR)
    with caplog.at_level(logging.INFO, "ccc"):
        run = reap(world.services, left=lambda: 0.0)
    (told,) = [getattr(each, "fields", {}) for each in caplog.records if each.getMessage() == "reap.done"]
    assert (told["did"], told["left_over"]) == (0, 3)
    held = [entry for entry in run.skipped if entry.why == Reason.OUT_OF_TIME]
    assert {entry.instance_id for entry in held if entry.what == LEFT_ALONE} == due
    assert [entry.what for entry in held if entry.what != LEFT_ALONE] == [HELD_BACK]


def test_a_run_that_ends_with_its_last_row_has_left_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """Its time was over with the last due row: that is no reason to ring."""
    world = World()
    row = world.running()
    world.clock.advance(2 * HOUR)
    with caplog.at_level(logging.INFO, "ccc"):
        reap(world.services, left=lambda: 60.0 if world.row(row.id).status is Status.RUNNING else 0.0)
    (told,) = [getattr(each, "fields", {}) for each in caplog.records if each.getMessage() == "reap.done"]
    assert (told["did"], told["left_over"]) == (1, 0)


def test_a_failed_run_tells_its_errors_and_a_frozen_one_its_freeze(caplog: pytest.LogCaptureFixture) -> None:
    """The metric of good runs counts neither errors nor silence as one."""
    world = World()
    with caplog.at_level(logging.INFO, "ccc"):
        world.servers.fail_next(ProviderUnknown("timed out"), "listed")
        world.reap()
        world.servers.use_token("another project's")
        world.reap()
    told = [getattr(record, "fields", {}) for record in caplog.records if record.getMessage() == "reap.done"]
    assert [(each["errors"], each["frozen"]) for each in told] == [(1, False), (0, True)]


def test_what_was_done_before_a_kill_is_in_the_record() -> None:
    """The record is written before the sweep begins, not only at the end."""
    world = World()
    row = world.running()
    world.clock.advance(2 * HOUR)
    servers: Any = Between(world.services.servers, "listed", die)
    plain, world.services = world.services, replace(world.services, servers=servers)
    with pytest.raises(Killed):
        world.reap()
    world.services = plain
    (run,) = world.services.runs.newest(1)
    assert (run.state, [(entry.what, entry.instance_id) for entry in run.did]) == (
        RunState.RUNNING,
        [("ended", row.id)],
    )


def test_a_run_recounts() -> None:
    """A counter that is off is noted by one hourly run and repaired by a later one; a tick's sweep looks at none."""
    world = World()
    world.services.instances.add(LIVE, 3, cap=None, expires_at=None)
    world.reap()
    assert world.live == 3
    world.clock.advance(HOUR)
    world.tick()
    assert world.live == 3
    world.reap()
    assert world.live == 0

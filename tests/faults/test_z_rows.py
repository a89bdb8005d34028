"""Rows Z of the fault matrix: what happens to the service as a whole; to its disk, see `test_bad_disks.py`."""

from __future__ import annotations

import itertools
import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from chalicelib.adapters.log_alarms import LogAlarms
from chalicelib.adapters.sqlite_table import SqliteTable
from chalicelib.domain.errors import StoreUnavailable, TokenRejected
from chalicelib.domain.instance import Instance, Status
from chalicelib.log import JsonFormatter
from chalicelib.operations.found_stack import found_stack
from chalicelib.storage.rows import TOMBSTONE_KEPT, instance_item, instance_key
from chalicelib.storage.table import Item
from tests.fakes.clock import FakeClock
from tests.faults.dying import killed_at
from tests.simulation.emulated import EmulatedWorld, Provider
from tests.unit.domain.samples import HOUR, MINUTE, an_instance
from tests.unit.operations.between import Between, meeting
from tests.unit.operations.whole_table import WholeTable
from tests.unit.operations.world import World


def ended(stack: World, row: Instance) -> bool:
    """Whether an instance is a tombstone."""
    return stack.row(row.id).status is Status.DELETED


@pytest.mark.parametrize("strange", [{"schema": 2}, {"status": "hibernating"}], ids=["schema", "status"])
def test_z01_a_row_of_a_newer_release_is_neither_touched_nor_in_the_way(
    stack: EmulatedWorld, strange: dict[str, Any]
) -> None:
    """Half a deployment: the old code meets a row it does not know, keeps its server, and serves the others (Z1)."""
    new, old = stack.running(), stack.running()
    key = instance_key(new.id)
    item = stack.table.get(key)
    assert item is not None
    stack.table.put(replace(item, body={**item.body, **strange}))
    stack.clock.advance(3 * HOUR)
    for _ in range(6):
        stack.wait_quietly(15 * MINUTE)
        stack.reap()
    assert ended(stack, old)
    assert [server.name for server in stack.mine()] == [new.name]
    kept = stack.table.get(key)
    assert kept is not None
    assert kept.body == {**item.body, **strange}


def test_z02_a_token_that_was_rotated_in_the_middle_of_an_end_is_taken_up(stack: EmulatedWorld) -> None:
    """The old token is refused between the look and the delete: nothing is called gone, and the new one ends it."""
    row = stack.running()
    assert row.expires_at is not None
    stack.clock.advance(row.expires_at - stack.clock.now())
    right = stack.token

    def revoke() -> None:
        stack.token = "revoked"

    servers: Any = Between(stack.services.servers, "delete", revoke)
    with meeting(stack, servers=servers):
        stack.wait_quietly(timedelta(0))
    assert (stack.row(row.id).status, len(stack.mine())) == (Status.DELETING, 1)
    stack.wait_quietly(MINUTE)
    assert len(stack.mine()) == 1
    with pytest.raises(TokenRejected):
        stack.services.servers.get(1)
    stack.token = right
    for _ in range(3):
        stack.wait(MINUTE)
    assert (ended(stack, row), stack.mine()) == (True, [])


MOMENTS = {
    "summer time begins": datetime(2027, 3, 28, 0, 30, tzinfo=UTC),
    "summer time ends": datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
    "a leap day": datetime(2028, 2, 28, 23, 30, tzinfo=UTC),
    "a new year": datetime(2026, 12, 31, 23, 30, tzinfo=UTC),
    "32 bits of seconds": datetime(2038, 1, 19, 2, 30, tzinfo=UTC),
}


@pytest.mark.parametrize("moment", MOMENTS.values(), ids=MOMENTS)
def test_z03_a_life_across_an_odd_moment_ends_when_it_should(tmp_path: Path, moment: datetime) -> None:
    """Created before, ended after, in a real table: the hours are those that were asked for and billed (row Z3)."""
    provider = Provider(tmp_path, FakeClock(moment))
    try:
        stack = EmulatedWorld(provider)
        table = SqliteTable(tmp_path / "table.db", clock=stack.clock)
        stack.table = table  # type: ignore[assignment]  # the world only looks at it in tests of its own
        stack.services = replace(stack._services(), identities=stack.identities, servers=stack.services.servers)
        found_stack(stack.services)
        stack.tick()
        row = stack.running(1)
        assert row.expires_at == moment + 2 * HOUR - 5 * MINUTE
        while not ended(stack, row):
            assert stack.clock.now() <= moment + 2 * HOUR
            stack.wait(5 * MINUTE)
        (line,) = provider.bill()
        assert line["hours"] == 2
        table.close()
    finally:
        provider.close()


def test_z04_with_the_table_down_nothing_is_ended_and_nothing_made(stack: EmulatedWorld) -> None:
    """Any call of the table fails during a run: no DELETE that a later, healthy run would not have sent too (Z4)."""
    living = stack.running(24)
    stack.clock.advance(HOUR)
    for nth in itertools.count(1):
        stack.clock.advance(16 * MINUTE)
        calls = itertools.count(1)

        class Failing:
            """The table's answers, but for the n-th of this run and all after it."""

            def __init__(self, table: Any, n: int, seen: Any) -> None:
                self._table, self._n, self._seen = table, n, seen

            def __getattr__(self, name: str) -> Any:
                """A method that may find the table gone."""
                found = getattr(self._table, name)

                def call(*args: Any, **kwargs: Any) -> Any:
                    if next(self._seen) >= self._n:
                        raise StoreUnavailable("down")
                    return found(*args, **kwargs)

                return call

        instances: Any = Failing(stack.services.instances, nth, calls)
        with meeting(stack, instances=instances):
            stack.reap()
        if next(calls) < nth:
            break
    assert nth > 3
    assert "DELETE" not in {sent.method for sent in stack.provider.sent}
    assert stack.row(living.id).status is Status.RUNNING


def test_z05_after_an_outage_of_hours_what_was_due_is_gone_within_minutes(stack: EmulatedWorld) -> None:
    """No answer for six hours: nothing is called gone; the second tick after the provider is back ends it (row Z5)."""
    rows = [stack.running(after=timedelta(seconds=2)) for _ in range(5)]
    stack.provider.down = True
    for _ in range(6 * 12):
        stack.wait_quietly(5 * MINUTE)
    assert all(stack.row(row.id).status is Status.DELETING for row in rows)
    stack.provider.down = False
    for _ in range(3):
        stack.wait_quietly(MINUTE)
    assert all(ended(stack, row) for row in rows)
    assert stack.mine() == []


@pytest.mark.parametrize("status", list(Status))
def test_z07_only_a_tombstone_may_ever_be_purged(status: Status) -> None:
    """The attribute by which the store throws rows away is on tombstones alone, thirty days after their end (Z7)."""
    row = an_instance(status)
    gone = row.status_since + HOUR
    if row.terminal:
        row = replace(row, ended_at=gone)
    item = instance_item(row, "op")
    assert item.purge_at == (int((gone + TOMBSTONE_KEPT).timestamp()) if row.terminal else None)


def test_z07_a_purge_at_any_time_of_a_life_loses_no_living_row(stack: EmulatedWorld) -> None:
    """The store purges what it may after every minute of a life, years ahead: the living row is never among it (Z7)."""
    table = stack.table
    assert isinstance(table, WholeTable)
    row = stack.running()
    far = int((stack.clock.now() + timedelta(days=3650)).timestamp())
    item = table.get(instance_key(row.id))
    assert isinstance(item, Item)
    table.purge(far)
    assert table.get(instance_key(row.id)) is not None
    found_stack(stack.services)
    stack.tick()
    stack.settle(row.id, Status.DELETED)
    assert stack.mine() == []


def test_z08_with_the_log_broken_machines_still_end(stack: EmulatedWorld) -> None:
    """Every line of the log fails, alarms too: the machine and the orphan's sweep go their way (row Z8)."""

    class Pipe:
        tried = 0

        def write(self, text: str) -> None:
            """Nobody reads at the other end."""
            self.tried += 1
            raise BrokenPipeError(len(text))

        def flush(self) -> None:
            """There is nothing to wait for."""

    pipe, log = Pipe(), logging.getLogger("ccc")
    broken, level = logging.StreamHandler(pipe), log.level
    broken.setFormatter(JsonFormatter())
    log.addHandler(broken)
    log.setLevel(logging.INFO)
    try:
        stack.services = replace(stack.services, alarms=LogAlarms())
        row = stack.running()
        stack.clock.advance(2 * HOUR)
        stack.reap()
        stack.wait(MINUTE)
    finally:
        log.removeHandler(broken)
        log.setLevel(level)
    assert pipe.tried > 0
    assert (ended(stack, row), stack.mine()) == (True, [])


def test_z02_a_worker_that_dies_with_the_old_token_is_followed_by_one_with_the_new(stack: EmulatedWorld) -> None:
    """A cold start reads the new token: the marker is asked for with it, and the end goes on (row Z2)."""
    row = stack.running()
    assert row.expires_at is not None
    stack.clock.advance(row.expires_at - stack.clock.now())
    killed_at(stack, "servers", "delete", stack.tick, after=False)
    stack.provider.sent.clear()
    project = next(line for line in stack.provider._tokens.read_text().splitlines() if line.startswith(stack.token))
    fresh = "f" * 64
    with stack.provider._tokens.open("a", encoding="utf-8") as file:
        file.write(f"{fresh} {project.split()[1]}\n")
    stack.token = fresh
    stack.wait(MINUTE)
    assert {sent.token for sent in stack.provider.sent} == {fresh}
    assert "ssh_keys" in stack.provider.sent[0].path or "ssh_keys" in stack.provider.sent[1].path
    assert ended(stack, row)

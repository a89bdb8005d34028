"""The contract of the port Instances: counters, which change with a row or by themselves, up to their caps."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from chalicelib.adapters.dynamo_table import DynamoTable
from chalicelib.domain.errors import CounterFull
from chalicelib.operations.ports import CounterChange
from chalicelib.storage.instances import StoredInstances
from chalicelib.storage.table import Table
from tests.contract.instance_samples import HOUR, NOW, PLAIN, RECORD
from tests.fakes.memory_table import MemoryTable


def test_row_counters_and_build_are_one_write(instances: StoredInstances) -> None:
    """All of it is there after one write."""
    changes = [CounterChange(key="live", amount=1, cap=5), CounterChange(key="spend#202611", amount=300)]
    instances.write(PLAIN, before=None, counters=changes, build=(None, RECORD))
    record = instances.get_build(PLAIN.id, 1)
    assert instances.counters(["live", "spend#202611", "never"]) == {"live": 1, "spend#202611": 300, "never": 0}
    assert record is not None
    assert replace(record, version=0, op_id="") == RECORD


def test_a_full_counter_keeps_the_row_out(instances: StoredInstances) -> None:
    """CounterFull names the counter; row, build and other counters are as before."""
    changes = [CounterChange(key="live", amount=1), CounterChange(key="spend#202611", amount=6, cap=5)]
    with pytest.raises(CounterFull) as caught:
        instances.write(PLAIN, before=None, counters=changes, build=(None, RECORD))
    assert caught.value.data["key"] == "spend#202611"
    assert instances.get(PLAIN.id) is None
    assert instances.get_build(PLAIN.id, 1) is None
    assert instances.counters(["live"]) == {"live": 0}


def test_several_amounts_of_one_counter_are_summed(instances: StoredInstances) -> None:
    """A verb may owe a counter twice; the sum counts against the lowest cap, a sum of nothing is left out."""
    refund = [CounterChange(key="spend#1", amount=-2), CounterChange(key="spend#1", amount=5, cap=3)]
    nothing = [CounterChange(key="live", amount=1), CounterChange(key="live", amount=-1)]
    written = instances.write(PLAIN, before=None, counters=[*refund, *nothing])
    with pytest.raises(CounterFull):
        instances.write(written, before=written, counters=[CounterChange(key="spend#1", amount=1, cap=3)])
    assert instances.counters(["spend#1", "live"]) == {"spend#1": 3, "live": 0}


def test_a_check_without_an_amount_lets_a_write_through_or_not(instances: StoredInstances) -> None:
    """A counter that must be 0 is looked at in the transaction of the row, and is 0 afterwards."""
    check = CounterChange(key="closed", amount=0, cap=0, expires_at=NOW + HOUR)
    written = instances.write(PLAIN, before=None, counters=(check,))
    assert instances.counters(["closed"]) == {"closed": 0}
    instances.add("closed", 1, cap=1, expires_at=NOW + 9 * HOUR)
    with pytest.raises(CounterFull) as caught:
        instances.write(replace(written, manage_serial=1), before=written, counters=(check,))
    assert caught.value.data["key"] == "closed"
    assert instances.get(PLAIN.id) == written
    instances.add("closed", -1, cap=None, expires_at=None)
    assert instances.write(written, before=written, counters=(check,)).version == 2


def test_counters_of_their_own_have_a_cap(instances: StoredInstances) -> None:
    """`add` returns the new value up to the cap and raises CounterFull beyond it."""
    key = "rate#creates#2026112310"
    assert instances.add(key, 2, cap=3, expires_at=NOW + HOUR) == 2
    with pytest.raises(CounterFull):
        instances.add(key, 2, cap=3, expires_at=NOW + HOUR)
    assert instances.counters([key]) == {key: 2}


def test_a_counter_goes_when_the_newest_change_says(instances: StoredInstances, table: Table, tmp_path: Path) -> None:
    """`expires_at` of a change beside a row is when the store may throw the counter away; a later change moves it."""
    quota = CounterChange(key="quota#f00d", amount=1, cap=1, expires_at=NOW + HOUR)
    seen = instances.write(PLAIN, before=None, counters=[quota, CounterChange(key="live", amount=1)])
    assert _goes_at(table, "quota#f00d", tmp_path) == NOW + HOUR
    assert _goes_at(table, "live", tmp_path) is None
    back = replace(quota, amount=-1, cap=None, expires_at=NOW + 5 * HOUR)
    again = instances.write(seen, before=seen, counters=[back])
    assert _goes_at(table, "quota#f00d", tmp_path) == NOW + 5 * HOUR
    instances.write(again, before=again, counters=[CounterChange(key="quota#f00d", amount=1)])
    assert _goes_at(table, "quota#f00d", tmp_path) == NOW + 5 * HOUR
    assert instances.counters(["quota#f00d", "live"]) == {"quota#f00d": 1, "live": 1}


def test_a_full_counter_keeps_its_time(instances: StoredInstances, table: Table, tmp_path: Path) -> None:
    """A change that is refused moves nothing, also not the moment at which the counter may go."""
    quota = CounterChange(key="quota#f00d", amount=1, cap=1, expires_at=NOW + HOUR)
    instances.write(PLAIN, before=None, counters=[quota])
    with pytest.raises(CounterFull):
        instances.write(replace(PLAIN, id="other2"), before=None, counters=[replace(quota, expires_at=NOW + 5 * HOUR)])
    assert _goes_at(table, "quota#f00d", tmp_path) == NOW + HOUR


def _goes_at(table: Table, key: str, directory: Path) -> datetime | None:
    """When the store may throw a counter away: no port tells, so each kind of table is looked into."""
    if isinstance(table, DynamoTable):
        found: datetime | None = table._rows.get(key).purge_at
        return found
    if isinstance(table, MemoryTable):
        seconds = table._counters[key].purge_at
    else:
        with closing(sqlite3.connect(directory / "table.db")) as connection:
            ((seconds,),) = connection.execute("SELECT purge_at FROM counters WHERE key = ?", (key,)).fetchall()
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)

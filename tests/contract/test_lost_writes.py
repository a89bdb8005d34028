"""The contract of the port Instances when the store does not answer: one's own write is known again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.domain.errors import StoreUnavailable, WriteConflict
from chalicelib.operations.ports import CounterChange
from chalicelib.storage.instances import StoredInstances
from tests.contract.instance_samples import PLAIN, RECORD
from tests.fakes.memory_table import MemoryTable


def test_a_write_without_a_reply_is_recognised() -> None:
    """The reply to one's own write is lost: it is read again and is a success (rule R5)."""
    table = MemoryTable()
    instances = StoredInstances(table)
    seen = instances.write(PLAIN, before=None)
    table.lose_next_reply()
    change = [CounterChange(key="live", amount=1)]
    written = instances.write(replace(seen, lease_id="mine"), before=seen, counters=change)
    assert instances.get(PLAIN.id) == written
    assert (written.version, instances.counters(["live"])) == (2, {"live": 1})


def test_a_conflict_with_oneself_is_recognised() -> None:
    """A library repeated the write and met its own effect: that is a success and counted once (rule R5)."""
    table = MemoryTable()
    instances = StoredInstances(table)
    table.repeat_next_write()
    written = instances.write(PLAIN, before=None, counters=[CounterChange(key="live", amount=1, cap=1)])
    assert instances.get(PLAIN.id) == written
    assert instances.counters(["live"]) == {"live": 1}


def test_a_report_without_a_reply_is_recognised() -> None:
    """The same holds for a build's record that is written alone."""
    table = MemoryTable()
    instances = StoredInstances(table)
    instances.write(PLAIN, before=None, build=(None, RECORD))
    record = instances.get_build(PLAIN.id, 1)
    assert record is not None
    table.lose_next_reply()
    written = instances.write_build(replace(record, detail="mine"), before=record)
    table.repeat_next_write()
    again = instances.write_build(replace(written, detail="again"), before=written)
    assert instances.get_build(PLAIN.id, 1) == again


def test_a_write_that_never_arrived_is_no_success() -> None:
    """The store is away before the write: StoreUnavailable, and the row is as it was."""
    table = MemoryTable()
    instances = StoredInstances(table)
    seen = instances.write(PLAIN, before=None)
    table.fail_next(StoreUnavailable("away"))
    with pytest.raises(StoreUnavailable):
        instances.write(replace(seen, lease_id="mine"), before=seen)
    assert instances.get(PLAIN.id) == seen


def test_nothing_is_claimed_while_the_store_is_away() -> None:
    """When a conflict cannot be looked into, the answer is StoreUnavailable and not a conflict: it may be one's own."""
    table = MemoryTable()
    instances = StoredInstances(table)
    seen = instances.write(PLAIN, before=None)
    table.fail_next(WriteConflict("somebody"))
    table.fail_next(StoreUnavailable("away"))
    with pytest.raises(StoreUnavailable):
        instances.write(seen, before=seen)

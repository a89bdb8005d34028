"""The contract of the port Breaker, as it is stored in every table."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from chalicelib.domain.breaker import BreakerState, FailedBuild
from chalicelib.domain.build import Cause
from chalicelib.domain.errors import StoreUnavailable, WriteConflict
from chalicelib.storage.breaker import BREAKER_KEY, StoredBreaker
from chalicelib.storage.table import Item, Table
from tests.fakes.memory_table import MemoryTable

OPEN = BreakerState(
    cause=Cause.DISK,
    count=3,
    since=datetime(2026, 11, 23, 10, 0, tzinfo=UTC),
    counted=("0123456789ab", "ba9876543210"),
    recent=(FailedBuild(at=datetime(2026, 11, 23, 10, 0, tzinfo=UTC), cause="a cause of next year"),),
)


@pytest.fixture
def breaker(table: Table) -> StoredBreaker:
    """The breaker's place in an empty table."""
    return StoredBreaker(table)


def test_a_breaker_that_was_never_written_is_closed(breaker: StoredBreaker) -> None:
    """Nobody has to make the item before it is asked."""
    assert breaker.get() == BreakerState()


def test_the_state_comes_back_as_it_was_written(breaker: StoredBreaker) -> None:
    """Every field survives; the version is the table's."""
    written = breaker.write(OPEN, BreakerState())
    assert written == replace(OPEN, version=1)
    assert breaker.get() == written
    assert breaker.write(BreakerState(), written) == BreakerState(version=2)
    assert breaker.get() == BreakerState(version=2)


def test_only_the_first_of_two_writers_wins(breaker: StoredBreaker) -> None:
    """The second of two that read the same state gets WriteConflict and changes nothing, at the first write too."""
    first = breaker.write(OPEN, BreakerState())
    with pytest.raises(WriteConflict):
        breaker.write(replace(OPEN, count=1), BreakerState())
    second = breaker.write(replace(first, count=4), first)
    with pytest.raises(WriteConflict):
        breaker.write(replace(first, count=5), first)
    assert breaker.get() == second


def test_a_state_of_another_release_is_as_good_as_none_and_is_replaced(breaker: StoredBreaker, table: Table) -> None:
    """What cannot be read neither holds anything back nor stays in the way of the next write."""
    table.put(Item(key=BREAKER_KEY, body={"cause": "a cause of next year", "count": 3}))
    seen = breaker.get()
    assert (seen.cause, seen.count) == (None, 0)
    breaker.write(OPEN, seen)
    assert breaker.get().cause is Cause.DISK


def test_a_write_without_a_reply_is_recognised() -> None:
    """A lost reply, and a conflict with one's own write, are successes (rule R5)."""
    table = MemoryTable()
    breaker = StoredBreaker(table)
    table.lose_next_reply()
    seen = breaker.write(OPEN, BreakerState())
    table.repeat_next_write()
    again = breaker.write(replace(seen, count=4), seen)
    assert (again.version, breaker.get()) == (2, again)


def test_a_store_that_is_away_is_told() -> None:
    """Neither a look nor a write is taken for a success."""
    table = MemoryTable()
    table.fail_next(StoreUnavailable("away"))
    with pytest.raises(StoreUnavailable):
        StoredBreaker(table).get()
    table.fail_next(StoreUnavailable("away"))
    with pytest.raises(StoreUnavailable):
        StoredBreaker(table).write(OPEN, BreakerState())

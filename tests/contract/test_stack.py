"""The contract of the port Stack, as it is stored in every table."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from chalicelib.domain.errors import StoreUnavailable, UnknownSchema, WriteConflict
from chalicelib.operations.ports import MarkerState, StackState
from chalicelib.storage.stack import STACK_KEY, StoredStack
from chalicelib.storage.table import Item, Table
from tests.fakes.memory_table import MemoryTable

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
BORN = StackState(uuid="5c1f", epoch=0)
WHOLE = StackState(
    uuid="5c1f",
    epoch=7,
    marker_id=4711,
    marker_state=MarkerState.OURS,
    marker_epoch=6,
    marker_seen_at=NOW,
    marker_token="ab12",
    paused=True,
    frozen="the table is older than the marker",
    swept_at=NOW,
)


@pytest.fixture
def stack(table: Table) -> StoredStack:
    """The stack item's place in an empty table."""
    return StoredStack(table)


def test_there_is_no_stack_before_it_is_made(stack: StoredStack) -> None:
    """Nothing makes the item in passing."""
    assert stack.get() is None


@pytest.mark.parametrize("state", [BORN, WHOLE], ids=["born", "whole"])
def test_the_stack_comes_back_as_it_was_written(stack: StoredStack, state: StackState) -> None:
    """Every field survives; the version is the table's."""
    written = stack.write(state, None)
    assert written == replace(state, version=1)
    assert stack.get() == written


def test_only_the_first_of_two_writers_wins(stack: StoredStack) -> None:
    """The second of two that read the same state gets WriteConflict and changes nothing."""
    seen = stack.write(BORN, None)
    first = stack.write(replace(seen, epoch=1), seen)
    with pytest.raises(WriteConflict):
        stack.write(replace(seen, epoch=2), seen)
    assert stack.get() == first


def test_a_stack_is_made_once(stack: StoredStack) -> None:
    """A second identity is a conflict: a stack has one uuid for ever."""
    stack.write(BORN, None)
    with pytest.raises(WriteConflict):
        stack.write(replace(BORN, uuid="other"), None)
    assert stack.get() == replace(BORN, version=1)


def test_a_stack_of_another_release_is_not_guessed(stack: StoredStack, table: Table) -> None:
    """What cannot be read raises UnknownSchema: everything destructive depends on this item."""
    table.put(Item(key=STACK_KEY, body={"uuid": "5c1f"}))
    with pytest.raises(UnknownSchema):
        stack.get()


def test_a_write_without_a_reply_is_recognised() -> None:
    """A lost reply, and a conflict with one's own write, are successes (rule R5)."""
    table = MemoryTable()
    stack = StoredStack(table)
    table.lose_next_reply()
    seen = stack.write(BORN, None)
    table.repeat_next_write()
    again = stack.write(replace(seen, epoch=1), seen)
    assert (again.version, stack.get()) == (2, again)


def test_a_store_that_is_away_is_told() -> None:
    """A write that never arrived is not taken for a success."""
    table = MemoryTable()
    table.fail_next(StoreUnavailable("away"))
    with pytest.raises(StoreUnavailable):
        StoredStack(table).write(BORN, None)

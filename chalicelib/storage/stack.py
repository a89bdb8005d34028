"""The port Stack over a table: the one item `stack`, changed by compare-and-swap only."""

from __future__ import annotations

from dataclasses import replace

from chalicelib.operations.ports import StackState
from chalicelib.storage.codec import from_document, to_document
from chalicelib.storage.own_write import OpIds, random_op_id, write_once
from chalicelib.storage.table import Item, Put, Table

STACK_KEY = "stack"


class StoredStack:
    """The `stack` item in a table; `op_ids` makes the name of each write."""

    def __init__(self, table: Table, *, op_ids: OpIds = random_op_id) -> None:
        self._table = table
        self._op_ids = op_ids

    def get(self) -> StackState | None:
        """The item, read consistently. UnknownSchema: it is of a release that this one does not know."""
        item = self._table.get(STACK_KEY)
        return None if item is None else from_document(StackState, item.body, version=item.version)

    def write(self, after: StackState, before: StackState | None) -> StackState:
        """Compare-and-swap; WriteConflict when somebody else was first. Returns it with its new version."""
        expected = 0 if before is None else before.version
        item = Item(key=STACK_KEY, body=to_document(after, without={"version"}), op_id=self._op_ids())
        write_once(self._table, Put(item=item, expected=expected))
        return replace(after, version=expected + 1)

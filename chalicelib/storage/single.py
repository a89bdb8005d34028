"""An item of which a table has one, changed by compare-and-swap; one that cannot be read is as good as none.

For what only helps (the breaker, the measures): nothing destructive may depend on it, or a release that cannot read it
would guess. The next write replaces what could not be read.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Generic, Protocol, TypeVar

from chalicelib.domain.errors import UnknownSchema
from chalicelib.storage.codec import from_document, to_document
from chalicelib.storage.own_write import OpIds, write_once
from chalicelib.storage.table import Item, Put, Table


class Versioned(Protocol):
    """A frozen dataclass with a version, all of whose fields have defaults."""

    @property
    def version(self) -> int:
        """How often it was written."""


_Value = TypeVar("_Value", bound=Versioned)


class Single(Generic[_Value]):
    """The one item of a kind under its key; `op_ids` makes the name of each write."""

    def __init__(self, table: Table, key: str, kind: type[_Value], op_ids: OpIds) -> None:
        self._table = table
        self._key = key
        self._kind = kind
        self._op_ids = op_ids

    def get(self) -> _Value:
        """The value, read consistently, or the one that has the defaults."""
        item = self._table.get(self._key)
        if item is None:
            return self._kind()
        try:
            return from_document(self._kind, item.body, version=item.version)
        except UnknownSchema:
            return from_document(self._kind, {}, version=item.version)

    def write(self, after: _Value, before: _Value) -> _Value:
        """Compare-and-swap; WriteConflict when somebody else was first. Returns it with its new version."""
        item = Item(key=self._key, body=to_document(after, without={"version"}), op_id=self._op_ids())
        write_once(self._table, Put(item=item, expected=before.version))
        stored: Any = after
        changed: _Value = replace(stored, version=before.version + 1)
        return changed

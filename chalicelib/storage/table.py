"""What a table must be able to do, whatever it is made of: items with a version, counters, three indexes.

Adapters (`dynamo_table`, `sqlite_table`) implement `Table`; `items.py` and its neighbours build the ports of storage on
it, so that both stores differ in nothing but the table. Errors: WriteConflict, CounterFull, StoreUnavailable.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One item: a key `kind#name`, a JSON body, a version, and what the indexes see.

    Times are seconds since 1970. `due_queue`/`due_at` put it into the sparse `due` index, `owner` into `owner`,
    `listing`/`listed_at` into `listing`. `purge_at` is when the store may throw it away (TTL), never set on a
    living row. `op_id` names the write that made this version (rule R5).
    """

    key: str
    body: dict[str, Any] = field(default_factory=dict)
    version: int = 0
    op_id: str = ""
    due_queue: str | None = None
    due_at: int | None = None
    owner: str | None = None
    listing: str | None = None
    listed_at: int | None = None
    purge_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Put:
    """Put an item whose stored version must be `expected` (0: it must not exist); it is stored as `expected + 1`."""

    item: Item
    expected: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Add:
    """Add to a counter item, which is made at its first use; with a cap, the new value must not pass it."""

    key: str
    amount: int
    cap: int | None = None
    purge_at: int | None = None


Change = Put | Add


class Table(Protocol):
    """One table.

    A write is all or nothing; WriteConflict names the key of the Put that did not fit (`data["key"]`), CounterFull the
    key of the Add. Reads by key are consistent; `due`, `listed` and `owned` read indexes that may lag.
    """

    def get(self, key: str) -> Item | None:
        """One item."""

    def get_many(self, keys: Sequence[str]) -> dict[str, Item]:
        """Several items by key; those that do not exist are absent."""

    def write(self, changes: Sequence[Change]) -> None:
        """All changes in one transaction (at most 10: DynamoDB Local takes no more)."""

    def put(self, item: Item) -> None:
        """Put an item whatever was there (records of which there is one writer); its version is raised."""

    def delete(self, key: str) -> None:
        """Throw an item away; nothing happens if it is not there."""

    def add(self, change: Add) -> int:
        """Add to one counter and return the new value."""

    def counts(self, keys: Sequence[str]) -> dict[str, int]:
        """Counters by key; 0 for one that does not exist."""

    def delay(self, key: str, due_at: int) -> None:
        """Set nothing but `due_at` of an item in the due index; nothing happens if it does not exist or is not due."""

    def due(self, queue: str, until: int, limit: int) -> list[str]:
        """Keys with `due_at <= until`, the earliest first."""

    def listed(self, listing: str, before: tuple[int, str] | None, limit: int) -> list[Item]:
        """Items of a listing, newest `(listed_at, key)` first, those strictly before the given pair."""

    def owned(self, owner: str) -> list[str]:
        """Keys of an owner's items."""

    def time(self) -> datetime | None:
        """The Date of the last answer, or None where the store has no clock of its own."""

"""The `Table` of one machine: what each question is in SQL.

One writer at a time, readers beside it (WAL). What items mean is decided in `chalicelib/storage`, how the file is
opened and shared in `file.py`.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from chalicelib.adapters.sqlite_table import statements
from chalicelib.adapters.sqlite_table.file import SqliteFile
from chalicelib.operations.ports import Clock
from chalicelib.storage.changes import sorted_out
from chalicelib.storage.table import Add, Change, Item, Put

_PURGE_EVERY = timedelta(minutes=10)
_SELECT = f"SELECT {statements.COLUMNS} FROM items"  # noqa: S608 -- put together from a constant
_ONE_OF = "key IN (SELECT value FROM json_each(?))"


class SqliteTable:
    """A table in the file at `path`; with a clock it also throws away what is past its `purge_at`, as a TTL does."""

    def __init__(self, path: Path, *, clock: Clock | None = None) -> None:
        self._file = SqliteFile(path)
        self._clock = clock
        self._purged_at: datetime | None = None

    def close(self) -> None:
        """Close the connections that nobody is using."""
        self._file.close()

    def get(self, key: str) -> Item | None:
        """One item."""
        with self._file.reading() as connection:
            row = connection.execute(f"{_SELECT} WHERE key = ?", (key,)).fetchone()
            return None if row is None else statements.item_of(row)

    def get_many(self, keys: Sequence[str]) -> dict[str, Item]:
        """Several items by key; those that do not exist are absent."""
        with self._file.reading() as connection:
            rows = connection.execute(f"{_SELECT} WHERE {_ONE_OF}", (json.dumps(list(keys)),))
            return {item.key: item for item in map(statements.item_of, rows)}

    def write(self, changes: Sequence[Change]) -> None:
        """All changes in one transaction (at most 10)."""
        puts, adds = sorted_out(changes)
        with self._file.writing() as connection:
            for put in puts:
                statements.put(connection, put)
            for add in adds:
                statements.add(connection, add)
            purged = self._purge(connection)
        if purged:
            self._file.leave_no_trace()

    def put(self, item: Item) -> None:
        """Put an item whatever was there; its version is raised."""
        with self._file.writing() as connection:
            version = statements.version_of(connection, item.key)
            statements.put(connection, Put(item=item, expected=version))

    def delete(self, key: str) -> None:
        """Throw an item or a counter away; nothing happens if it is not there."""
        with self._file.writing() as connection:
            connection.execute("DELETE FROM items WHERE key = ?", (key,))
            connection.execute("DELETE FROM counters WHERE key = ?", (key,))

    def add(self, change: Add) -> int:
        """Add to one counter and return the new value."""
        with self._file.writing() as connection:
            purged = self._purge(connection)
            value = statements.add(connection, change)
        if purged:
            self._file.leave_no_trace()
        return value

    def counts(self, keys: Sequence[str]) -> dict[str, int]:
        """Counters by key; 0 for one that does not exist."""
        with self._file.reading() as connection:
            rows = connection.execute(
                f"SELECT key, value FROM counters WHERE {_ONE_OF}",  # noqa: S608 -- put together from a constant
                (json.dumps(list(keys)),),
            )
            return dict.fromkeys(keys, 0) | dict(rows.fetchall())

    def delay(self, key: str, due_at: int) -> None:
        """Set nothing but `due_at` of an item in the due index."""
        change = "UPDATE items SET due_at = ? WHERE key = ? AND due_queue IS NOT NULL"
        with self._file.writing() as connection:
            connection.execute(change, (due_at, key))

    def due(self, queue: str, until: int, limit: int) -> list[str]:
        """Keys with `due_at <= until`, the earliest first."""
        question = "SELECT key FROM items WHERE due_queue = ? AND due_at <= ? ORDER BY due_at, key LIMIT ?"
        with self._file.reading() as connection:
            return [key for (key,) in connection.execute(question, (queue, until, limit))]

    def listed(self, listing: str, before: tuple[int, str] | None, limit: int) -> list[Item]:
        """Items of a listing, newest `(listed_at, key)` first, those strictly before the given pair."""
        place = () if before is None else before
        condition = "listed_at IS NOT NULL" if before is None else "(listed_at, key) < (?, ?)"
        question = f"{_SELECT} WHERE listing = ? AND {condition} ORDER BY listed_at DESC, key DESC LIMIT ?"
        with self._file.reading() as connection:
            return [statements.item_of(row) for row in connection.execute(question, (listing, *place, limit))]

    def owned(self, owner: str) -> list[str]:
        """Keys of an owner's items, in order."""
        with self._file.reading() as connection:
            rows = connection.execute("SELECT key FROM items WHERE owner = ? ORDER BY key", (owner,))
            return [key for (key,) in rows]

    def time(self) -> datetime | None:
        """None: a file has no clock of its own."""
        return None

    def _purge(self, connection: sqlite3.Connection) -> bool:
        """Do what DynamoDB's TTL does, along with a write that comes anyway; whether anything went."""
        if self._clock is None:
            return False
        now = self._clock.now()
        if self._purged_at is not None and now - self._purged_at < _PURGE_EVERY:
            return False
        self._purged_at = now
        gone = 0
        for table in ("items", "counters"):
            gone += connection.execute(
                f"DELETE FROM {table} WHERE purge_at <= ?",  # noqa: S608 -- two constants
                (int(now.timestamp()),),
            ).rowcount
        return gone > 0

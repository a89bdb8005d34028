"""The statements that change an item or a counter inside a transaction, and how a row is read back as an item."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from chalicelib.domain.errors import CounterFull, StoreUnavailable, WriteConflict
from chalicelib.storage.table import Add, Item, Put

COLUMNS = "key, version, op_id, due_queue, due_at, owner, listing, listed_at, purge_at, body"

_PUT = f"""
INSERT INTO items ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (key) DO UPDATE SET version = excluded.version, op_id = excluded.op_id, due_queue = excluded.due_queue,
  due_at = excluded.due_at, owner = excluded.owner, listing = excluded.listing, listed_at = excluded.listed_at,
  purge_at = excluded.purge_at, body = excluded.body
"""  # noqa: S608 -- put together from a constant

_ADD = """
INSERT INTO counters (key, value, purge_at) VALUES (?, ?, ?)
ON CONFLICT (key) DO UPDATE SET value = excluded.value, purge_at = coalesce(excluded.purge_at, purge_at)
"""


def version_of(connection: sqlite3.Connection, key: str) -> int:
    """The stored version of an item; 0 if there is none."""
    row = connection.execute("SELECT version FROM items WHERE key = ?", (key,)).fetchone()
    return 0 if row is None else int(row[0])


def put(connection: sqlite3.Connection, change: Put) -> None:
    """Store an item. WriteConflict: its version is not the expected one."""
    item = change.item
    if version_of(connection, item.key) != change.expected:
        raise WriteConflict(f"{item.key} is not what it was.", key=item.key)
    index = (item.due_queue, item.due_at, item.owner, item.listing, item.listed_at, item.purge_at)
    body = json.dumps(item.body, allow_nan=False, ensure_ascii=False)
    connection.execute(_PUT, (item.key, change.expected + 1, item.op_id, *index, body))


def add(connection: sqlite3.Connection, change: Add) -> int:
    """Raise a counter and return its value. CounterFull: it would pass the cap."""
    row = connection.execute("SELECT value FROM counters WHERE key = ?", (change.key,)).fetchone()
    value = change.amount + (0 if row is None else int(row[0]))
    if change.cap is not None and value > change.cap:
        raise CounterFull(f"{change.key} would pass its cap.", key=change.key)
    connection.execute(_ADD, (change.key, value, change.purge_at))
    return value


def item_of(row: tuple[Any, ...]) -> Item:
    """The item of a row of `COLUMNS`; StoreUnavailable when its body is not what was put there."""
    key, version, op_id, due_queue, due_at, owner, listing, listed_at, purge_at, body = row
    try:
        document = json.loads(body)
    except ValueError as error:
        raise StoreUnavailable(f"The body of {key} is damaged.") from error
    return Item(
        key=key,
        body=document,
        version=version,
        op_id=op_id,
        due_queue=due_queue,
        due_at=due_at,
        owner=owner,
        listing=listing,
        listed_at=listed_at,
        purge_at=purge_at,
    )

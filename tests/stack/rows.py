"""The rows of a box's table, read out of its file behind the back of the box."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from tests.stack.box import Box

Rows = dict[str, tuple[object, ...]]

_ITEMS = "SELECT key, version, op_id, due_queue, due_at, owner, listing, listed_at, purge_at, body FROM items"
_OF_THE_STACK = ("stack", "catalogue", "run#")
"""What the ticker writes without anybody asking."""


def rows(box: Box) -> Rows:
    """Every item by its key."""
    with closing(sqlite3.connect(box.home / "ccc.db", timeout=10)) as table:
        return {row[0]: row[1:] for row in table.execute(_ITEMS)}


def counters(box: Box) -> dict[str, int]:
    """Every counter by its key."""
    with closing(sqlite3.connect(box.home / "ccc.db", timeout=10)) as table:
        return dict(table.execute("SELECT key, value FROM counters").fetchall())


def of_guests(box: Box) -> Rows:
    """The items that are there because of somebody."""
    return {key: row for key, row in rows(box).items() if not key.startswith(_OF_THE_STACK)}


def whole_file(box: Box) -> str:
    """Everything in the file that can be read at all, pages that were freed included; the box must not run."""
    with closing(sqlite3.connect(box.home / "ccc.db", timeout=10)) as table:
        table.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        table.execute("VACUUM")
    return (box.home / "ccc.db").read_bytes().decode("latin-1")

"""The file: how it is opened, what tables it holds, who uses which connection.

A pool and not a connection for each thread: threads come and go, and each would leave an open file behind. Whatever
SQLite complains of (locked, disk full, not a database) is StoreUnavailable. What is asked of the file is decided in
`table.py` and `statements.py`.
"""

from __future__ import annotations

import sqlite3
import threading
import time
import weakref
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chalicelib.domain.errors import CccError, StoreUnavailable

_WAIT_S = 5.0
"""How long a connection waits for another writer before it gives up."""

_TRIES = 50
_PAUSE_S = 0.02
"""Turning WAL on does not wait as other statements do: a new file that several open at once needs some tries."""

_FORM = """
CREATE TABLE IF NOT EXISTS items (
  key TEXT PRIMARY KEY, version INTEGER NOT NULL, op_id TEXT NOT NULL, due_queue TEXT, due_at INTEGER, owner TEXT,
  listing TEXT, listed_at INTEGER, purge_at INTEGER, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS due ON items (due_queue, due_at, key) WHERE due_queue IS NOT NULL;
CREATE INDEX IF NOT EXISTS owner ON items (owner, key) WHERE owner IS NOT NULL;
CREATE INDEX IF NOT EXISTS listing ON items (listing, listed_at, key) WHERE listing IS NOT NULL;
CREATE INDEX IF NOT EXISTS purge ON items (purge_at) WHERE purge_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS counters (key TEXT PRIMARY KEY, value INTEGER NOT NULL, purge_at INTEGER) WITHOUT ROWID;
"""


class SqliteFile:
    """Connections to the file at `path`, lent out one user at a time; the file is made at the first use."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._idle: deque[sqlite3.Connection] = deque()
        # who forgets the file closes it: from Python 3.13 on an open connection that is thrown away is a warning
        weakref.finalize(self, _close_all, self._idle)
        # SQLite lets waiting writers poll; those of one process queue here instead, which is fair and faster
        self._writing = threading.Lock()

    def close(self) -> None:
        """Close the connections that nobody is using."""
        _close_all(self._idle)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection for one statement. StoreUnavailable: whatever SQLite could not do."""
        connection = self._taken()
        try:
            yield connection
        except (sqlite3.Error, OverflowError) as error:
            connection.close()
            raise StoreUnavailable(f"The table's file could not be used: {error}") from error
        except CccError:  # a refusal of ours: the connection is sound
            connection.rollback()
            self._idle.append(connection)
            raise
        except BaseException:
            connection.close()
            raise
        self._idle.append(connection)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A connection in a transaction, which is committed at the end and rolled back by any error."""
        with self._writing, self.reading() as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")

    def leave_no_trace(self) -> None:
        """Empty the write-ahead log, in which what was deleted still stands; with readers in the way, next time."""
        with self.reading() as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def _taken(self) -> sqlite3.Connection:
        try:
            return self._idle.pop()
        except IndexError:
            return self._opened()

    def _opened(self) -> sqlite3.Connection:
        try:
            self._path.touch(mode=0o600)  # the rows hold mail addresses
            connection = sqlite3.connect(self._path, timeout=_WAIT_S, isolation_level=None, check_same_thread=False)
        except (OSError, sqlite3.Error) as error:
            raise StoreUnavailable(f"The table's file could not be opened: {error}") from error
        try:
            _prepare(connection)
        except sqlite3.Error as error:
            connection.close()
            raise StoreUnavailable(f"The table's file could not be opened: {error}") from error
        return connection


def _close_all(idle: deque[sqlite3.Connection]) -> None:
    while idle:
        idle.pop().close()


def _prepare(connection: sqlite3.Connection) -> None:
    _turn_on_wal(connection)
    # In WAL a commit is in the kernel's hands when it returns, so a killed process loses nothing; NORMAL leaves out
    # the fsync at each commit, so a power cut may lose the last commits, though it cannot damage the file
    # (https://www.sqlite.org/pragma.html#pragma_synchronous).
    connection.execute("PRAGMA synchronous = NORMAL")
    # what is purged is a person's: its bytes are overwritten, and not only taken out of the index
    connection.execute("PRAGMA secure_delete = ON")
    if connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'counters'").fetchone() is None:
        connection.executescript(f"BEGIN IMMEDIATE; {_FORM} COMMIT;")


def _turn_on_wal(connection: sqlite3.Connection) -> None:
    for left in reversed(range(_TRIES)):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if not left:
                raise
            time.sleep(_PAUSE_S)
        else:
            return

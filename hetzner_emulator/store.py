"""The file that survives SIGKILL: rows of JSON in SQLite, written in one transaction per request.

It knows kinds and ids, nothing of their meaning.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path

_SCHEMA = """
CREATE TABLE IF NOT EXISTS record (kind TEXT, id INTEGER, body TEXT, PRIMARY KEY (kind, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
"""

Row = tuple[str, int, str | None]


class Store:
    """Rows by kind and id, and settings by name, in `<folder>/state.db`."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(folder / "state.db", isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(_SCHEMA)

    def rows(self, kind: str) -> Iterator[str]:
        """Yield the bodies of one kind, by id."""
        for (body,) in self._db.execute("SELECT body FROM record WHERE kind=? ORDER BY id", (kind,)):
            yield body

    def setting(self, name: str, default: str = "") -> str:
        """Return one setting."""
        row = self._db.execute("SELECT value FROM setting WHERE name=?", (name,)).fetchone()
        return str(row[0]) if row else default

    def write(self, rows: Iterable[Row], settings: dict[str, str]) -> None:
        """Write rows (a body of None deletes) and settings, all or nothing."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            for kind, ident, body in rows:
                if body is None:
                    self._db.execute("DELETE FROM record WHERE kind=? AND id=?", (kind, ident))
                else:
                    self._db.execute("REPLACE INTO record VALUES (?,?,?)", (kind, ident, body))
            self._db.executemany("REPLACE INTO setting VALUES (?,?)", settings.items())
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def close(self) -> None:
        """Close the file."""
        self._db.close()

"""A `Table` in one SQLite file, shared by the threads and processes of one machine."""

from chalicelib.adapters.sqlite_table.table import SqliteTable

__all__ = ["SqliteTable"]

"""The port Audit over a table: an item for each entry, listed by its day and found by its instance.

An entry of another release is left out of lists. Nothing here is ever changed; the store throws it away after 90 days.
"""

from __future__ import annotations

from datetime import date, timedelta

from chalicelib.domain.audit import AuditEntry
from chalicelib.storage.codec import from_document, to_document
from chalicelib.storage.own_write import OpIds, random_op_id
from chalicelib.storage.readable import readable
from chalicelib.storage.rows import seconds
from chalicelib.storage.table import Item, Table

PREFIX = "audit#"
KEPT = timedelta(days=90)


def audit_item(entry: AuditEntry, name: str) -> Item:
    """The item of an entry; `name` tells apart entries of one second, and sorts those of one instance."""
    day = f"{entry.at:%Y%m%d}"
    return Item(
        key=f"{PREFIX}{day}#{entry.at:%H%M%S}-{name}",
        body=to_document(entry),
        owner=None if entry.instance_id is None else _subject(entry.instance_id),
        listing=PREFIX + day,
        listed_at=seconds(entry.at),
        purge_at=seconds(entry.at + KEPT),
    )


class StoredAudit:
    """Entries in a table; `op_ids` makes the name of each that stands alone."""

    def __init__(self, table: Table, *, op_ids: OpIds = random_op_id) -> None:
        self._table = table
        self._op_ids = op_ids

    def record(self, entry: AuditEntry, *, server_id: int | None = None) -> None:
        """Keep one entry, and once more under a server's number: an item has only one owner to be found by."""
        self._table.put(audit_item(entry, self._op_ids()))
        if server_id is not None:
            key = _server_key(server_id)
            self._table.put(Item(key=key, body=to_document(entry), purge_at=seconds(entry.at + KEPT)))

    def of_day(self, day: date, limit: int) -> list[AuditEntry]:
        """The newest entries of one day in UTC, newest first (an index: may lag)."""
        return list(readable(self._table.listed(f"{PREFIX}{day:%Y%m%d}", None, limit), _entry_of))

    def of_instance(self, instance_id: str, limit: int) -> list[AuditEntry]:
        """The newest entries about one instance, newest first (an index: may lag)."""
        keys = sorted(self._table.owned(_subject(instance_id)), reverse=True)[:limit]
        found = self._table.get_many(keys) if keys else {}
        return list(readable((found[key] for key in keys if key in found), _entry_of))

    def of_server(self, server_id: int) -> AuditEntry | None:
        """The newest entry that was kept under this number."""
        item = self._table.get(_server_key(server_id))
        return None if item is None else next(iter(readable([item], _entry_of)), None)


def _server_key(server_id: int) -> str:
    return f"{PREFIX}server#{server_id}"


def _subject(instance_id: str) -> str:
    """What stands in the `owner` index, where the rows of people stand under another form."""
    return PREFIX + instance_id


def _entry_of(item: Item) -> AuditEntry:
    return from_document(AuditEntry, item.body)

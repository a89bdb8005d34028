"""The port Instances over a table: which items one write touches, and what is read for each question.

How values become items is decided in `rows.py`, how one's own write is recognised in `own_write.py`. It knows no store.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from chalicelib.domain.audit import AuditEntry
from chalicelib.domain.build import BuildRecord
from chalicelib.domain.instance import Instance
from chalicelib.domain.lifecycle import Queue
from chalicelib.operations.ports import CounterChange, Page
from chalicelib.storage import rows
from chalicelib.storage.audit import audit_item
from chalicelib.storage.listing import read_page
from chalicelib.storage.own_write import OpIds, random_op_id, write_once
from chalicelib.storage.table import Add, Change, Put, Table


class StoredInstances:
    """Instances in a table; `op_ids` makes the name of each write (a simulation gives a seeded source)."""

    def __init__(self, table: Table, *, op_ids: OpIds = random_op_id) -> None:
        self._table = table
        self._op_ids = op_ids

    def get(self, instance_id: str) -> Instance | None:
        """The row, read consistently; None if there is none."""
        item = self._table.get(rows.instance_key(instance_id))
        return None if item is None else rows.instance_of(item)

    def write(
        self,
        after: Instance,
        *,
        before: Instance | None,
        counters: Sequence[CounterChange] = (),
        build: tuple[BuildRecord | None, BuildRecord] | None = None,
        audit: Sequence[AuditEntry] = (),
    ) -> Instance:
        """Put the row, and with it counters, a build's record and who did it: all or nothing (see the port)."""
        op_id = self._op_ids()
        expected = 0 if before is None else before.version
        others: list[Change] = list(_adds(counters))
        if build is not None:
            seen, record = build
            others.append(Put(item=rows.build_item(record, op_id), expected=0 if seen is None else seen.version))
        others += _audited(audit, f"{after.id}-{expected + 1:06d}-{op_id[-8:]}")
        write_once(self._table, Put(item=rows.instance_item(after, op_id), expected=expected), others)
        return replace(after, version=expected + 1, op_id=op_id)

    def write_build(self, after: BuildRecord, *, before: BuildRecord) -> BuildRecord:
        """Put a build's record alone, if it is as it was read; WriteConflict and lost replies as for `write`."""
        op_id = self._op_ids()
        write_once(self._table, Put(item=rows.build_item(after, op_id), expected=before.version))
        return replace(after, version=before.version + 1, op_id=op_id)

    def delay(self, instance_id: str, until: datetime) -> None:
        """Put off a row: sets nothing but `due_at`, whatever else is in the row."""
        self._table.delay(rows.instance_key(instance_id), rows.seconds(until))

    def get_build(self, instance_id: str, attempt: int) -> BuildRecord | None:
        """The record of one build attempt, read consistently; None while nobody has claimed it."""
        item = self._table.get(rows.build_key(instance_id, attempt))
        return None if item is None else rows.build_of(item)

    def due(self, queue: Queue, until: datetime, limit: int) -> list[str]:
        """Ids of rows due in a queue, the earliest first."""
        keys = self._table.due(queue.value, rows.seconds(until), limit)
        return [rows.instance_id(key) for key in keys]

    def page(self, *, ended: bool, limit: int, cursor: str | None) -> Page:
        """Live rows, or with `ended` all rows, newest first; a row of another release is left out."""
        listings = (rows.LIVE, rows.ENDED, rows.UNCONFIRMED) if ended else (rows.LIVE,)
        return read_page(self._table, listings, limit=limit, cursor=cursor)

    def owned(self, owner: str) -> list[str]:
        """Ids of all rows of an owner, tombstones too (an index: may lag)."""
        return [rows.instance_id(key) for key in self._table.owned(owner) if key.startswith(rows.PREFIX)]

    def add(self, key: str, amount: int, *, cap: int | None, expires_at: datetime | None) -> int:
        """Add to a counter of its own and return its new value. CounterFull: nothing was added."""
        purge_at = None if expires_at is None else rows.seconds(expires_at)
        return self._table.add(Add(key=key, amount=amount, cap=cap, purge_at=purge_at))

    def counters(self, keys: Sequence[str]) -> dict[str, int]:
        """The values of counters; 0 for one that does not exist."""
        return self._table.counts(keys)

    def store_time(self) -> datetime | None:
        """The Date of the store's last answer; None where the store has no clock of its own."""
        return self._table.time()


def _audited(entries: Iterable[AuditEntry], name: str) -> list[Put]:
    """Entries under names that sort as the versions of the row do."""
    return [Put(item=audit_item(entry, f"{name}-{number}"), expected=0) for number, entry in enumerate(entries)]


def _adds(counters: Iterable[CounterChange]) -> list[Add]:
    """One add for each counter: a transaction may name a key once only, a verb may owe it several amounts."""
    sums: dict[str, Add] = {}
    for change in counters:
        earlier = sums.get(change.key, Add(key=change.key, amount=0))
        caps = [cap for cap in (earlier.cap, change.cap) if cap is not None]
        purge_at = earlier.purge_at if change.expires_at is None else rows.seconds(change.expires_at)
        amount = earlier.amount + change.amount
        sums[change.key] = Add(key=change.key, amount=amount, cap=min(caps) if caps else None, purge_at=purge_at)
    return [add for add in sums.values() if add.amount != 0 or add.cap is not None]

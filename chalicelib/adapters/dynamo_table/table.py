"""The `Table` of a deployment: what each question is in DynamoDB, through PynamoDB.

Reads by key are consistent, a single change is a conditional write, several are one transaction with a token that makes
its repetition harmless. Timeouts and retries stand in `model.py`, what refusals mean in `errors.py`; what items mean is
decided in `chalicelib/storage`.
"""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.transactions import TransactWrite

from chalicelib.adapters.dynamo_table import model
from chalicelib.adapters.dynamo_table.connection import Connection
from chalicelib.adapters.dynamo_table.errors import (
    Crowded,
    Refused,
    conflict,
    full,
    translated,
    translated_transaction,
)
from chalicelib.domain.errors import StoreUnavailable
from chalicelib.storage.changes import sorted_out
from chalicelib.storage.table import Add, Change, Item, Put

_Answer = TypeVar("_Answer")

_PAUSES_S = (0.02, 0.04, 0.08, 0.16, 0.32)
"""How long to wait, more or less, before a crowded item is tried again."""


class DynamoTable:
    """The DynamoDB table `name`; `AWS_ENDPOINT_URL_DYNAMODB` and the credentials are found by botocore itself."""

    def __init__(self, name: str, *, region: str | None = None, pause: Callable[[float], None] = time.sleep) -> None:
        self._rows = model.row_model(name, region)
        self._connection = Connection(self._rows)
        self._pause = pause

    def create(self) -> None:
        """Make the table if it is not there (where no deployment does)."""
        with self._connection.asking():
            if not self._rows.exists():
                self._rows.create_table(wait=True)

    def get(self, key: str) -> Item | None:
        """One item."""
        with self._connection.asking():
            row = self._row(key)
        return None if row is None or not model.is_item(row) else model.item_of(row)

    def get_many(self, keys: Sequence[str]) -> dict[str, Item]:
        """Several items by key; those that do not exist are absent."""
        return {row.key: model.item_of(row) for row in self._row_batch(keys) if model.is_item(row)}

    def write(self, changes: Sequence[Change]) -> None:
        """All changes in one transaction (at most 10); a single one goes without."""
        puts, adds = sorted_out(changes)
        if len(changes) > 1:
            token = str(uuid.uuid4())
            self._patiently(lambda: self._transact(puts, adds, token))
        elif puts:
            self._patiently(lambda: self._put_if(puts[0]))
        else:
            self.add(adds[0])

    def put(self, item: Item) -> None:
        """Put an item whatever was there; its version is raised."""
        self._patiently(lambda: self._put_anyway(item))

    def delete(self, key: str) -> None:
        """Throw an item or a counter away; nothing happens if it is not there."""
        self._patiently(lambda: self._rows(key).delete())

    def add(self, change: Add) -> int:
        """Add to one counter and return the new value."""
        op_id = uuid.uuid4().hex
        return self._patiently(lambda: self._add_once(change, op_id))

    def counts(self, keys: Sequence[str]) -> dict[str, int]:
        """Counters by key; 0 for one that does not exist."""
        found = {row.key: int(row.total) for row in self._row_batch(keys) if model.is_counter(row)}
        return dict.fromkeys(keys, 0) | found

    def delay(self, key: str, due_at: int) -> None:
        """Set nothing but `due_at` of an item in the due index."""
        rows = self._rows
        try:
            self._patiently(lambda: rows(key).update([rows.due_at.set(due_at)], rows.due_queue.exists()))
        except Refused:
            return

    def due(self, queue: str, until: int, limit: int) -> list[str]:
        """Keys with `due_at <= until`, the earliest first."""
        rows = self._rows
        with self._connection.asking():
            return [row.key for row in rows.due_index.query(queue, rows.due_at <= until, limit=limit)]

    def listed(self, listing: str, before: tuple[int, str] | None, limit: int) -> list[Item]:
        """Items of a listing, newest `(listed_at, key)` first, those strictly before the given pair."""
        rows = self._rows
        condition = None if before is None else rows.listed_by < model.place(*before)
        with self._connection.asking():
            found = rows.listing_index.query(listing, condition, scan_index_forward=False, limit=limit)
            return [model.item_of(row) for row in found]

    def owned(self, owner: str) -> list[str]:
        """Keys of an owner's items, in order."""
        with self._connection.asking():
            return sorted(row.key for row in self._rows.owner_index.query(owner))

    def time(self) -> datetime | None:
        """The Date of the last answer; None before the first."""
        return self._connection.answered_at

    def _row(self, key: str) -> model.Row | None:
        try:
            return self._rows.get(key, consistent_read=True)
        except self._rows.DoesNotExist:
            return None

    def _row_batch(self, keys: Sequence[str]) -> list[model.Row]:
        with self._connection.asking():
            return list(self._rows.batch_get(set(keys), consistent_read=True))

    def _transact(self, puts: Sequence[Put], adds: Sequence[Add], token: str) -> None:
        rows = self._rows
        with (
            translated_transaction(puts, adds),
            TransactWrite(connection=self._connection.shared(), client_request_token=token) as transaction,
        ):
            for put in puts:
                row = rows(put.item.key, **model.attributes(put.item, put.expected + 1))
                transaction.save(row, condition=self._as_expected(put))
            for add in adds:
                transaction.update(rows(add.key), self._raising(add), condition=self._below_cap(add))

    def _put_if(self, put: Put) -> None:
        row = self._rows(put.item.key, **model.attributes(put.item, put.expected + 1))
        try:
            with translated():
                row.save(condition=self._as_expected(put))
        except Refused as error:
            raise conflict(put.item.key) from error

    def _put_anyway(self, item: Item) -> None:
        rows = self._rows
        values = model.attributes(item, 0)
        del values["version"]
        actions: list[Action] = [rows.version.add(1)]
        for name, value in values.items():
            attribute = getattr(rows, name)
            actions.append(attribute.remove() if value is None else attribute.set(value))
        rows(item.key).update(actions)

    def _add_once(self, change: Add, op_id: str) -> int:
        """Add, and leave a name for it: botocore repeats a request whose reply was lost, and must not count twice."""
        rows = self._rows
        row = rows(change.key)
        fresh = rows.op_id.does_not_exist() | (rows.op_id != op_id)
        below = self._below_cap(change)
        actions = [*self._raising(change), rows.op_id.set(op_id)]
        try:
            with translated():
                row.update(actions, fresh if below is None else fresh & below)
        except Refused as error:
            stored = self._row(change.key)
            if stored is None or stored.op_id != op_id:
                raise full(change.key) from error
            row = stored
        return int(row.total)

    def _raising(self, add: Add) -> list[Action]:
        rows = self._rows
        actions: list[Action] = [rows.total.add(add.amount)]
        if add.purge_at is not None:
            actions.append(rows.purge_at.set(model.moment(add.purge_at)))
        return actions

    def _below_cap(self, add: Add) -> Condition | None:
        rows = self._rows
        if add.cap is None:
            return None
        below = rows.total <= add.cap - add.amount
        return below | rows.total.does_not_exist() if add.amount <= add.cap else below

    def _as_expected(self, put: Put) -> Condition:
        rows = self._rows
        return rows.version == put.expected if put.expected else rows.key.does_not_exist()

    def _patiently(self, act: Callable[[], _Answer]) -> _Answer:
        """Do it, and again a little later while another transaction has the item in hand."""
        for pause in (*_PAUSES_S, None):
            try:
                with self._connection.asking():
                    return act()
            except Crowded as error:
                if pause is None:
                    raise StoreUnavailable("The item was in other hands each time.") from error
                self._pause(pause * random.uniform(0.5, 1.5))  # noqa: S311 -- spreads waits, hides nothing
        raise AssertionError("the last try returns or raises")

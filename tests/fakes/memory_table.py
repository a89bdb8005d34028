"""A `Table` in a dictionary: the fake under every port of storage, and the plainest statement of what a table does.

`StoredInstances(MemoryTable())` is the fake of Instances, and so with the other ports. Bodies are kept as JSON text, so
that nothing which a real store could not hold gets through, and nobody holds a reference into the table.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from chalicelib.domain.errors import CccError, CounterFull, StoreUnavailable, WriteConflict
from chalicelib.operations.ports import Clock
from chalicelib.storage.changes import sorted_out
from chalicelib.storage.table import Add, Change, Item, Put


class MemoryTable:
    """A table that can be told to fail: before an effect, after it, or by repeating it as a library does."""

    def __init__(self) -> None:
        self._items: dict[str, tuple[Item, str]] = {}
        self._counters: dict[str, Add] = {}
        self._errors: list[CccError] = []
        self._lost = 0
        self._repeated = 0
        self._clock: Clock | None = None

    def fail_next(self, error: CccError) -> None:
        """Raise this at the next call, which has no effect; several are raised one call after the other."""
        self._errors.append(error)

    def lose_next_reply(self) -> None:
        """Carry out the next write, then raise StoreUnavailable all the same."""
        self._lost += 1

    def repeat_next_write(self) -> None:
        """Carry out the next write twice, as a library does that lost the first reply: WriteConflict with oneself."""
        self._repeated += 1

    def has_clock(self, clock: Clock) -> None:
        """Tell the time as a store does whose answers have a Date."""
        self._clock = clock

    def purge(self, now: int) -> int:
        """Throw away what may be thrown away by now (seconds since 1970), and say how much that was."""
        items = [key for key, (item, _) in self._items.items() if _is_over(item.purge_at, now)]
        counters = [key for key, add in self._counters.items() if _is_over(add.purge_at, now)]
        for key in items:
            del self._items[key]
        for key in counters:
            del self._counters[key]
        return len(items) + len(counters)

    def get(self, key: str) -> Item | None:
        """One item."""
        self._may_fail()
        return self._item(key)

    def get_many(self, keys: Sequence[str]) -> dict[str, Item]:
        """Several items by key; those that do not exist are absent."""
        self._may_fail()
        return {key: item for key in keys if (item := self._item(key)) is not None}

    def write(self, changes: Sequence[Change]) -> None:
        """All changes in one transaction (at most 10)."""
        self._may_fail()
        puts, adds = sorted_out(changes)
        self._apply(puts, adds)
        if self._repeated:
            self._repeated -= 1
            self._apply(puts, adds)
        self._may_lose()

    def put(self, item: Item) -> None:
        """Put an item whatever was there; its version is raised."""
        self._may_fail()
        self._store(item, self._version(item.key) + 1)
        self._may_lose()

    def delete(self, key: str) -> None:
        """Throw an item or a counter away; nothing happens if it is not there."""
        self._may_fail()
        self._items.pop(key, None)
        self._counters.pop(key, None)
        self._may_lose()

    def add(self, change: Add) -> int:
        """Add to one counter and return the new value."""
        self._may_fail()
        self._apply((), (change,))
        self._may_lose()
        return self._count(change.key)

    def counts(self, keys: Sequence[str]) -> dict[str, int]:
        """Counters by key; 0 for one that does not exist."""
        self._may_fail()
        return {key: self._count(key) for key in keys}

    def delay(self, key: str, due_at: int) -> None:
        """Set nothing but `due_at` of an item in the due index."""
        self._may_fail()
        item, body = self._items.get(key, (None, ""))
        if item is not None and item.due_queue is not None:
            self._items[key] = replace(item, due_at=due_at), body
        self._may_lose()

    def due(self, queue: str, until: int, limit: int) -> list[str]:
        """Keys with `due_at <= until`, the earliest first."""
        self._may_fail()
        found = [
            (item.due_at, item.key)
            for item, _ in self._items.values()
            if item.due_queue == queue and item.due_at is not None and item.due_at <= until
        ]
        return [key for _, key in sorted(found)[:limit]]

    def listed(self, listing: str, before: tuple[int, str] | None, limit: int) -> list[Item]:
        """Items of a listing, newest `(listed_at, key)` first, those strictly before the given pair."""
        self._may_fail()
        places = [
            (item.listed_at, item.key)
            for item, _ in self._items.values()
            if item.listing == listing and item.listed_at is not None
        ]
        found = sorted((place for place in places if before is None or place < before), reverse=True)
        return [_loaded(*self._items[key]) for _, key in found[:limit]]

    def owned(self, owner: str) -> list[str]:
        """Keys of an owner's items, in order."""
        self._may_fail()
        return sorted(item.key for item, _ in self._items.values() if item.owner == owner)

    def time(self) -> datetime | None:
        """None: a dictionary has no clock, unless a test gave it one."""
        return None if self._clock is None else self._clock.now()

    def _may_fail(self) -> None:
        if self._errors:
            raise self._errors.pop(0)

    def _may_lose(self) -> None:
        if self._lost:
            self._lost -= 1
            raise StoreUnavailable("The reply was lost.")

    def _apply(self, puts: Sequence[Put], adds: Sequence[Add]) -> None:
        for put in puts:
            if self._version(put.item.key) != put.expected:
                raise WriteConflict(f"{put.item.key} is not what it was.", key=put.item.key)
        for add in adds:
            if add.cap is not None and self._count(add.key) + add.amount > add.cap:
                raise CounterFull(f"{add.key} would pass its cap.", key=add.key)
        for put in puts:
            self._store(put.item, put.expected + 1)
        for add in adds:
            self._raise_counter(add)

    def _raise_counter(self, add: Add) -> None:
        before = self._counters.get(add.key, Add(key=add.key, amount=0))
        purge_at = before.purge_at if add.purge_at is None else add.purge_at
        self._counters[add.key] = replace(before, amount=before.amount + add.amount, purge_at=purge_at)

    def _store(self, item: Item, version: int) -> None:
        self._items[item.key] = replace(item, body={}, version=version), json.dumps(item.body, allow_nan=False)

    def _item(self, key: str) -> Item | None:
        stored = self._items.get(key)
        return None if stored is None else _loaded(*stored)

    def _version(self, key: str) -> int:
        stored = self._items.get(key)
        return 0 if stored is None else stored[0].version

    def _count(self, key: str) -> int:
        counter = self._counters.get(key)
        return 0 if counter is None else counter.amount


def _loaded(item: Item, body: str) -> Item:
    return replace(item, body=json.loads(body))


def _is_over(purge_at: int | None, now: int) -> bool:
    return purge_at is not None and purge_at <= now

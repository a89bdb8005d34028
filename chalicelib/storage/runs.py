"""The port Runs over a table: records of reap runs, and sightings of servers without a row.

Each run and each sighting is an item in a listing of its own; a long run goes on in further items
(`long_runs.py`). A record of another release is left out of lists: a
sighting that cannot be read counts as none, which only makes a sweep wait longer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from chalicelib.domain.errors import WriteConflict
from chalicelib.domain.orphans import Sighting
from chalicelib.operations.ports import Run, RunState
from chalicelib.storage.codec import from_document, to_document
from chalicelib.storage.long_runs import PART, full_parts, part_of, shortened
from chalicelib.storage.own_write import OpIds, random_op_id, write_once
from chalicelib.storage.readable import readable
from chalicelib.storage.rows import seconds
from chalicelib.storage.table import Item, Put, Table

RUNS = "run"
ORPHANS = "orphan"

KEPT = timedelta(days=90)
"""How long a run, or a sighting that nobody renews or forgets, is kept."""

_PAGE = 50
_LISTS = ("did", "errors")


class StoredRuns:
    """Runs and sightings in a table."""

    def __init__(self, table: Table, *, op_ids: OpIds = random_op_id) -> None:
        self._table = table
        self._op_ids = op_ids
        self._put_away: dict[str, int] = {}

    def begin(self, run: Run) -> None:
        """Keep a run that is begun now; WriteConflict when somebody has begun it before."""
        item = self._table.get(_run_key(run.id))
        if item is not None and _head_of(item).state is not RunState.REQUESTED:
            raise WriteConflict(f"The run {run.id} was begun before.", key=item.key)
        expected = 0 if item is None else item.version
        write_once(self._table, Put(item=replace(_run_item(run), op_id=self._op_ids()), expected=expected))

    def save(self, run: Run) -> None:
        """Keep a run, in place of its earlier form: first the parts that are full, then the item that counts them."""
        for name, entries in _lists(run).items():
            self._put_parts_away(run, name, entries)
        self._table.put(_run_item(run))
        if run.finished_at is not None:
            for name in _lists(run):
                self._put_away.pop(_part_key(run.id, name), None)

    def get(self, run_id: str) -> Run | None:
        """One run."""
        item = self._table.get(_run_key(run_id))
        return None if item is None else self._whole(item)

    def newest(self, limit: int, *, before: Run | None = None) -> list[Run]:
        """The newest runs, or the newest before another one, newest first (an index: may lag)."""
        after = None if before is None else (seconds(before.requested_at), _run_key(before.id))
        return list(readable(self._table.listed(RUNS, after, limit), self._whole))

    def _put_parts_away(self, run: Run, name: str, entries: Sequence[Any]) -> None:
        """Write the parts that are full and were not before, as far as this process knows."""
        place = _part_key(run.id, name)
        full = full_parts(entries)
        for number in range(self._put_away.get(place, 0), full):
            body = {"entries": _documents(part_of(entries, number))}
            self._table.put(Item(key=f"{place}{number}", body=body, purge_at=_purge_at(run)))
        self._put_away[place] = full

    def _whole(self, item: Item) -> Run:
        """The run of an item, with its parts; a part that the store has thrown away already is left out."""
        head = _head_of(item)
        counts = item.body.get("parts") or {}
        keys = {
            name: [f"{_part_key(head.id, name)}{number}" for number in range(counts.get(name, 0))] for name in _LISTS
        }
        if not any(keys.values()):
            return head
        found = self._table.get_many([key for part in keys.values() for key in part])
        parts = {
            name: [each for key in keys[name] if key in found for each in found[key].body["entries"]] for name in _LISTS
        }
        body = {**item.body, **{name: [*parts[name], *item.body[name]] for name in _LISTS}}
        return from_document(Run, body)

    def sightings(self) -> dict[int, Sighting]:
        """All sightings by server id (an index: may lag)."""
        return {sighting.server_id: sighting for sighting in readable(self._all(ORPHANS), _sighting_of)}

    def sight(self, seen: Sequence[Sighting], forget: Sequence[int]) -> None:
        """Keep new sightings and forget those of servers that are gone or owned."""
        for server_id in forget:
            self._table.delete(_orphan_key(server_id))
        for sighting in seen:
            self._table.put(_orphan_item(sighting))

    def _all(self, listing: str) -> Iterator[Item]:
        items = self._table.listed(listing, None, _PAGE)
        while items:
            yield from items
            last = items[-1]
            items = self._table.listed(listing, (last.listed_at or 0, last.key), _PAGE)


def _run_key(run_id: str) -> str:
    return f"run#{run_id}"


def _orphan_key(server_id: int) -> str:
    return f"orphan#{server_id}"


def _part_key(run_id: str, name: str) -> str:
    return f"{_run_key(run_id)}#{name}"


def _head_of(item: Item) -> Run:
    return from_document(Run, item.body)


def _lists(run: Run) -> dict[str, tuple[Any, ...]]:
    """What is kept whole, by the name of its field."""
    return {name: getattr(run, name) for name in _LISTS}


def _run_item(run: Run) -> Item:
    """The item of a run: what is not in its parts, and how many of those there are."""
    parts = {name: full_parts(entries) for name, entries in _lists(run).items()}
    rest: dict[str, Any] = {name: entries[parts[name] * PART :] for name, entries in _lists(run).items()}
    head = replace(run, **{**rest, "skipped": shortened(run.skipped)})
    return Item(
        key=_run_key(run.id),
        body={**to_document(head), "parts": parts},
        listing=RUNS,
        listed_at=seconds(run.requested_at),
        purge_at=_purge_at(run),
    )


def _purge_at(run: Run) -> int:
    return seconds(run.requested_at + KEPT)


def _documents(entries: Sequence[Any]) -> list[Any]:
    return [each if isinstance(each, str) else to_document(each) for each in entries]


def _sighting_of(item: Item) -> Sighting:
    return from_document(Sighting, item.body)


def _orphan_item(sighting: Sighting) -> Item:
    return Item(
        key=_orphan_key(sighting.server_id),
        body=to_document(sighting),
        listing=ORPHANS,
        listed_at=seconds(sighting.first_seen_at),
        purge_at=seconds(sighting.first_seen_at + KEPT),
    )

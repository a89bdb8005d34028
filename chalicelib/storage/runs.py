"""The port Runs over a table: records of reap runs, sightings of servers without a row, and what those have cost.

Each is an item in a listing of its own (`run_items.py`); a long run goes on in further items. A record of another
release is left out of lists: a sighting that cannot be read counts as none, which only makes a sweep wait longer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from chalicelib.domain.errors import WriteConflict
from chalicelib.domain.orphan_cost import OrphanCost
from chalicelib.domain.orphans import Sighting
from chalicelib.operations.ports import OrphanPage, Run, RunPage, RunState
from chalicelib.storage import run_items
from chalicelib.storage.codec import from_document
from chalicelib.storage.cursor import from_cursor, to_cursor
from chalicelib.storage.long_runs import full_parts, part_of
from chalicelib.storage.own_write import OpIds, random_op_id, write_once
from chalicelib.storage.readable import readable
from chalicelib.storage.rows import seconds
from chalicelib.storage.table import Item, Put, Table

_PAGE = 50


class StoredRuns:
    """Runs and sightings in a table."""

    def __init__(self, table: Table, *, op_ids: OpIds = random_op_id) -> None:
        self._table = table
        self._op_ids = op_ids
        self._put_away: dict[str, int] = {}

    def begin(self, run: Run) -> None:
        """Keep a run that is begun now; WriteConflict when somebody has begun it before."""
        item = self._table.get(run_items.run_key(run.id))
        if item is not None and run_items.head_of(item).state is not RunState.REQUESTED:
            raise WriteConflict(f"The run {run.id} was begun before.", key=item.key)
        expected = 0 if item is None else item.version
        write_once(self._table, Put(item=replace(run_items.run_item(run), op_id=self._op_ids()), expected=expected))

    def save(self, run: Run) -> None:
        """Keep a run, in place of its earlier form: first the parts that are full, then the item that counts them."""
        for name, entries in run_items.lists(run).items():
            self._put_parts_away(run, name, entries)
        self._table.put(run_items.run_item(run))
        if run.finished_at is not None:
            for name in run_items.lists(run):
                self._put_away.pop(run_items.part_key(run.id, name), None)

    def get(self, run_id: str) -> Run | None:
        """One run."""
        item = self._table.get(run_items.run_key(run_id))
        return None if item is None else self._whole(item)

    def newest(self, limit: int, *, before: Run | None = None) -> list[Run]:
        """The newest runs, or the newest before another one, newest first (an index: may lag)."""
        after = None if before is None else (seconds(before.requested_at), run_items.run_key(before.id))
        return list(readable(self._table.listed(run_items.RUNS, after, limit), self._whole))

    def page(self, limit: int, cursor: str | None) -> RunPage:
        """Some runs from a cursor on, newest first (an index: may lag). InvalidInput: not our cursor."""
        shown, more = self._page(run_items.RUNS, run_items.PREFIX, limit, cursor)
        return RunPage(runs=tuple(readable(shown, self._whole)), next_cursor=more)

    def _put_parts_away(self, run: Run, name: str, entries: Sequence[Any]) -> None:
        """Write the parts that are full and were not before, as far as this process knows."""
        place = run_items.part_key(run.id, name)
        full = full_parts(entries)
        for number in range(self._put_away.get(place, 0), full):
            body = {"entries": run_items.documents(part_of(entries, number))}
            self._table.put(Item(key=f"{place}{number}", body=body, purge_at=run_items.purge_at(run)))
        self._put_away[place] = full

    def _whole(self, item: Item) -> Run:
        """The run of an item, with its parts; a part that the store has thrown away already is left out."""
        head = run_items.head_of(item)
        counts = item.body.get("parts") or {}
        keys = {
            name: [f"{run_items.part_key(head.id, name)}{number}" for number in range(counts.get(name, 0))]
            for name in run_items.LISTS
        }
        if not any(keys.values()):
            return head
        found = self._table.get_many([key for part in keys.values() for key in part])
        parts = {
            name: [each for key in keys[name] if key in found for each in found[key].body["entries"]]
            for name in run_items.LISTS
        }
        body = {**item.body, **{name: [*parts[name], *item.body[name]] for name in run_items.LISTS}}
        return from_document(Run, body)

    def sightings(self) -> dict[int, Sighting]:
        """All sightings by server id (an index: may lag)."""
        found = readable(self._all(run_items.ORPHANS), run_items.sighting_of)
        return {sighting.server_id: sighting for sighting in found}

    def sight(self, seen: Sequence[Sighting], forget: Sequence[int]) -> None:
        """Keep new sightings and forget those of servers that are gone or owned."""
        for server_id in forget:
            self._table.delete(run_items.orphan_key(server_id))
        for sighting in seen:
            self._table.put(run_items.orphan_item(sighting))

    def charge(self, cost: OrphanCost) -> None:
        """Keep what a server has cost, in place of what was kept of the same server."""
        self._table.put(run_items.cost_item(cost))

    def orphans(self, limit: int, cursor: str | None) -> OrphanPage:
        """What servers have cost, the newest delete first (an index: may lag). InvalidInput: not our cursor."""
        shown, more = self._page(run_items.COSTS, run_items.COST_PREFIX, limit, cursor)
        return OrphanPage(costs=tuple(readable(shown, run_items.cost_of)), next_cursor=more)

    def _page(self, listing: str, prefix: str, limit: int, cursor: str | None) -> tuple[list[Item], str | None]:
        """The items of a page, and the cursor that leads on."""
        items = self._table.listed(listing, from_cursor(cursor, prefix), limit + 1)
        shown = items[:limit]
        more = to_cursor((shown[-1].listed_at or 0, shown[-1].key)) if len(items) > limit else None
        return shown, more

    def _all(self, listing: str) -> Iterator[Item]:
        items = self._table.listed(listing, None, _PAGE)
        while items:
            yield from items
            last = items[-1]
            items = self._table.listed(listing, (last.listed_at or 0, last.key), _PAGE)

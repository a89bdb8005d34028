"""The port Runs over a table: records of reap runs, and sightings of servers without a row.

Each run and each sighting is an item in a listing of its own. A record of another release is left out of lists: a
sighting that cannot be read counts as none, which only makes a sweep wait longer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

from chalicelib.domain.orphans import Sighting
from chalicelib.operations.ports import Run, RunEntry
from chalicelib.storage.codec import from_document, to_document
from chalicelib.storage.readable import readable
from chalicelib.storage.rows import seconds
from chalicelib.storage.table import Item, Table

RUNS = "run"
ORPHANS = "orphan"

KEPT = timedelta(days=90)
"""How long a run, or a sighting that nobody renews or forgets, is kept."""

MOST_ENTRIES = 400
"""Entries of each list that are kept of one run: an item of DynamoDB holds 400 KB at most."""

_PAGE = 50


class StoredRuns:
    """Runs and sightings in a table."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def save(self, run: Run) -> None:
        """Keep a run, in place of its earlier form; of very long lists the beginning and a count of the rest."""
        kept = replace(
            run,
            did=_shortened(run.did),
            skipped=_shortened(run.skipped),
            errors=_shortened_errors(run.errors),
        )
        self._table.put(
            Item(
                key=_run_key(run.id),
                body=to_document(kept),
                listing=RUNS,
                listed_at=seconds(run.requested_at),
                purge_at=seconds(run.requested_at + KEPT),
            )
        )

    def get(self, run_id: str) -> Run | None:
        """One run."""
        item = self._table.get(_run_key(run_id))
        return None if item is None else _run_of(item)

    def newest(self, limit: int) -> list[Run]:
        """The newest runs, newest first (an index: may lag)."""
        return list(readable(self._table.listed(RUNS, None, limit), _run_of))

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


def _run_of(item: Item) -> Run:
    return from_document(Run, item.body)


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


def _shortened(entries: tuple[RunEntry, ...]) -> tuple[RunEntry, ...]:
    left_out = len(entries) - MOST_ENTRIES
    if left_out <= 0:
        return entries
    return (*entries[:MOST_ENTRIES], RunEntry(what="left out", why=f"{left_out} more entries of this list"))


def _shortened_errors(errors: tuple[str, ...]) -> tuple[str, ...]:
    left_out = len(errors) - MOST_ENTRIES
    return errors if left_out <= 0 else (*errors[:MOST_ENTRIES], f"{left_out} more errors")

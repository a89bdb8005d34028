"""How runs, sightings of servers without a row, and what those have cost become items: keys, listings, when they go.

Nothing here reads or writes a table; `runs.py` does. How a long run is cut, `long_runs.py` says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from chalicelib.domain.orphan_cost import OrphanCost
from chalicelib.domain.orphans import Sighting
from chalicelib.operations.ports import Run
from chalicelib.storage.codec import from_document, to_document
from chalicelib.storage.long_runs import PART, full_parts, shortened
from chalicelib.storage.rows import seconds
from chalicelib.storage.table import Item

PREFIX = "run#"
COST_PREFIX = "orphan-cost#"
"""What the keys of runs and of orphans' costs begin with."""

RUNS = "run"
ORPHANS = "orphan"
COSTS = "orphan-cost"
"""The listings."""

KEPT = timedelta(days=90)
"""How long a run, a sighting that nobody renews or forgets, or what an orphan has cost is kept."""

LISTS = ("did", "errors")
"""What is kept whole of a run, however long it is."""


def run_key(run_id: str) -> str:
    """The key of a run."""
    return PREFIX + run_id


def orphan_key(server_id: int) -> str:
    """The key of the sighting of a server."""
    return f"orphan#{server_id}"


def part_key(run_id: str, name: str) -> str:
    """What the keys of a long list's parts begin with; the rest is the part's number."""
    return f"{run_key(run_id)}#{name}"


def head_of(item: Item) -> Run:
    """The run of an item, without what lies in its parts; UnknownSchema."""
    return from_document(Run, item.body)


def lists(run: Run) -> dict[str, tuple[Any, ...]]:
    """What is kept whole, by the name of its field."""
    return {name: getattr(run, name) for name in LISTS}


def run_item(run: Run) -> Item:
    """The item of a run: what is not in its parts, and how many of those there are."""
    parts = {name: full_parts(entries) for name, entries in lists(run).items()}
    rest: dict[str, Any] = {name: entries[parts[name] * PART :] for name, entries in lists(run).items()}
    head = replace(run, **{**rest, "skipped": shortened(run.skipped)})
    return Item(
        key=run_key(run.id),
        body={**to_document(head), "parts": parts},
        listing=RUNS,
        listed_at=seconds(run.requested_at),
        purge_at=purge_at(run),
    )


def purge_at(run: Run) -> int:
    """When the store may throw away what is kept of a run, in seconds since 1970."""
    return seconds(run.requested_at + KEPT)


def documents(entries: Sequence[Any]) -> list[Any]:
    """Acts or errors as they are kept in a part."""
    return [each if isinstance(each, str) else to_document(each) for each in entries]


def sighting_of(item: Item) -> Sighting:
    """The sighting of an item; UnknownSchema."""
    return from_document(Sighting, item.body)


def orphan_item(sighting: Sighting) -> Item:
    """The item of a sighting."""
    return Item(
        key=orphan_key(sighting.server_id),
        body=to_document(sighting),
        listing=ORPHANS,
        listed_at=seconds(sighting.first_seen_at),
        purge_at=seconds(sighting.first_seen_at + KEPT),
    )


def cost_of(item: Item) -> OrphanCost:
    """What a server has cost, of its item; UnknownSchema."""
    return from_document(OrphanCost, item.body)


def cost_item(cost: OrphanCost) -> Item:
    """The item of what a server has cost: one for each server."""
    return Item(
        key=f"{COST_PREFIX}{cost.server_id}",
        body=to_document(cost),
        listing=COSTS,
        listed_at=seconds(cost.until),
        purge_at=seconds(cost.until + KEPT),
    )

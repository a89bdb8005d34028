"""Read items with the code of a release: `python -I read.py code.zip <items.jsonl`, one JSON line an item.

Nothing of this checkout is imported: only the standard library and the archive. What is told of an item is what it
means to that release; `unknown` when it says UnknownSchema, which is what an item of a later release may be (rule R22).
Any other exception is told as it is, and is a defect.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

sys.path.insert(0, sys.argv[1])

from chalicelib.domain import lifecycle
from chalicelib.domain.errors import UnknownSchema
from chalicelib.storage import rows
from chalicelib.storage.breaker import StoredBreaker
from chalicelib.storage.catalogue import StoredCatalogue
from chalicelib.storage.durations import StoredDurations
from chalicelib.storage.runs import StoredRuns
from chalicelib.storage.stack import StoredStack
from chalicelib.storage.table import Item


class OneItem:
    """A table that holds one item, and the parts that some items go on in."""

    def __init__(self, item: Item, parts: Mapping[str, Item]) -> None:
        self._item = item
        self._parts = parts

    def get(self, key: str) -> Item | None:
        """The item, if that is its key."""
        return self._item if key == self._item.key else None

    def get_many(self, keys: Sequence[str]) -> dict[str, Item]:
        """Those parts that there are."""
        return {key: self._parts[key] for key in keys if key in self._parts}

    def listed(self, _listing: str, before: object, _limit: int) -> list[Item]:
        """The item, on the first page."""
        return [self._item] if before is None else []


def _instance(item: Item, _: Any) -> dict[str, Any]:
    row = rows.instance_of(item)
    queue, deadline = lifecycle.queue(row), lifecycle.deadline(row)
    return {
        "status": row.status.value,
        "queue": None if queue is None else queue.value,
        "deadline": None if deadline is None else deadline.isoformat(),
        "expires_at": None if row.expires_at is None else row.expires_at.isoformat(),
        "server_id": None if row.machine is None else row.machine.server_id,
        "held": sum(hold.micro_eur for hold in row.holds),
        "notices": [[notice.key, notice.state.value] for notice in row.notices],
    }


def _build(item: Item, _: Any) -> dict[str, Any]:
    record = rows.build_of(item)
    return {
        "outcome": None if record.outcome is None else record.outcome.value,
        "cause": None if record.cause is None else record.cause.value,
        "permitted": sorted(phase.value for phase in record.permitted),
    }


def _stack(_: Item, table: Any) -> dict[str, Any]:
    state = StoredStack(table).get()
    assert state is not None
    return {"uuid": state.uuid, "epoch": state.epoch, "frozen": state.frozen, "paused": state.paused}


def _catalogue(_: Item, table: Any) -> dict[str, Any]:
    return {"read": StoredCatalogue(table).market() is not None}


def _run(item: Item, table: Any) -> dict[str, Any]:
    if is_part(item.key):
        return {"part": True}  # nobody reads it for itself
    run = StoredRuns(table).get(item.key.partition("#")[2])
    assert run is not None
    did = [len(run.did), sum(entry.server_id or 0 for entry in run.did)]
    return {"state": run.state.value, "did": did, "errors": len(run.errors), "skipped": len(run.skipped)}


def _orphan(_: Item, table: Any) -> dict[str, Any]:
    return {"sightings": len(StoredRuns(table).sightings())}


def _breaker(_: Item, table: Any) -> dict[str, Any]:
    state = StoredBreaker(table).get()
    return {"count": state.count, "cause": None if state.cause is None else state.cause.value}


def _phases(_: Item, table: Any) -> dict[str, Any]:
    return {"read": StoredDurations(table).get() is not None}


READERS: dict[str, Callable[[Item, Any], dict[str, Any]]] = {
    "instance": _instance,
    "build": _build,
    "stack": _stack,
    "catalogue": _catalogue,
    "run": _run,
    "orphan": _orphan,
    "breaker": _breaker,
    "phases": _phases,
}


def is_part(key: str) -> bool:
    """Whether an item is a part of a long run: `run#ID#did0`."""
    return key.startswith("run#") and key.count("#") > 1


def meaning(item: Item, parts: Mapping[str, Item]) -> dict[str, Any]:
    """What an item means to the release whose code is on the path."""
    reader = READERS.get(item.key.partition("#")[0])
    if reader is None:
        return {"other": True}
    try:
        return reader(item, OneItem(item, parts))
    except UnknownSchema:
        return {"unknown": True}
    except Exception as error:  # noqa: BLE001 -- whatever it is, the test shows it
        return {"defect": f"{type(error).__name__}: {error}"}


if __name__ == "__main__":
    items = [Item(**json.loads(line)) for line in sys.stdin]
    further = {item.key: item for item in items if is_part(item.key)}
    for each in items:
        sys.stdout.write(json.dumps(meaning(each, further)) + "\n")

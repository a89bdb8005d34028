"""Write down what a state of this project leaves in its table, and its code: `python -m tests.released.record NAME`.

To be run in a clean checkout of the commit in the name (`schema1-be82fb2`). `items.jsonl` holds every form that an item
took in a few lives; `code.zip` holds `app.py` and `chalicelib`, all that is packaged of ours.
"""

from __future__ import annotations

import json
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from chalicelib.domain import labels
from chalicelib.domain.build import Cause
from chalicelib.domain.errors import ProviderUnknown
from chalicelib.domain.instance import Status
from chalicelib.operations.deprovision import deprovision
from chalicelib.operations.extend import extend
from chalicelib.operations.ports import Run, RunEntry, RunState
from chalicelib.operations.show_runs import list_runs
from tests.unit.operations.guests import asked, confirmed
from tests.unit.operations.world import World

HERE = Path(__file__).parent
UNWANTED = frozenset({".pyc"})
MINUTE = timedelta(minutes=1)
LONG = "a-long-one"
"""The id of a run that is recorded in several items."""

MANY = 103
"""Entries of it: a part of a hundred, and some."""


def recorded() -> list[dict[str, Any]]:
    """Every form of every item of some lives: `{"item": …}` as the table holds it, in the order of their appearance."""
    seen: dict[str, dict[str, Any]] = {}
    for world in _lives():
        for item, body in world.table._items.values():
            document = asdict(item) | {"body": json.loads(body)}
            seen.setdefault(_form(document), document)
    return list(seen.values())


def _form(document: dict[str, Any]) -> str:
    """What makes an item another one than those before: its kind, and for a row its status and who asked for it.

    Of a run of the reaper it is the name of a part too, and how many parts there are.
    """
    kind, *names = document["key"].split("#")
    body = document["body"]
    told = (body.get("status"), body.get("by_operator"), body.get("end_reason"), body.get("parts"), sorted(body))
    return ":".join(map(str, (kind, *(names[1:] if kind == "run" else ()), *told)))


def _lives() -> Iterator[World]:
    """The same worlds again and again, as time goes on in them."""
    yield from _guest_life()
    yield from _failed_life()
    yield from _lost_life()
    yield _long_run()


def _guest_life() -> Iterator[World]:
    world = World()
    wish = asked(world)
    yield world
    row = confirmed(world, "ben@example.com")
    yield world
    world.settle(row.id, Status.INSTALLING)
    yield world
    world.build(row.id)
    world.follow_nudges()
    yield world
    world.wait(10 * MINUTE)
    extend(world.services, row.id, hours=1, key="once")
    world.reap()
    yield world
    deprovision(world.services, row.id)
    yield world
    world.follow_nudges()
    world.settle(wish.id, Status.DELETED, within=timedelta(hours=26))
    yield world


def _failed_life() -> Iterator[World]:
    world = World()
    row = world.installing(2)
    for attempt in (1, 2, 3):
        world.claim(row.id, attempt)
        world.fail_build(row.id, Cause.COPY_FAILED, attempt)
        yield world
        for _ in range(4):
            world.wait(MINUTE)
    world.settle(row.id, Status.FAILED)
    yield world


def _lost_life() -> Iterator[World]:
    world = World()
    ordered = world.order(3).instance
    world.servers.fail_next(ProviderUnknown("no answer"), "create")
    world.servers.fail_next(ProviderUnknown("no answer"), "find")
    world.follow_nudges()
    assert world.row(ordered.id).status is Status.CREATING
    yield world
    world.settle(ordered.id, Status.INSTALLING)
    world.build(ordered.id)
    row = world.settle(ordered.id, Status.RUNNING)
    fact = next(iter(world.servers.project.servers.values()))
    stray = {**fact.labels, labels.INSTANCE: "0" * 12}
    world.servers.add(replace(fact, server_id=1, name="cc-" + "0" * 12, labels=stray))
    world.wait(40 * MINUTE)
    yield world
    world.servers.project.servers.clear()
    while world.row(row.id).status is Status.RUNNING:
        world.wait(16 * MINUTE)
        yield world
    world.settle(row.id, Status.DELETED)
    assert list_runs(world.services, limit=1).runs
    yield world


def _long_run() -> World:
    """A run that did more than an item holds, and met more errors."""
    world = World()
    now = world.clock.now()
    acts = (RunEntry(what="deleted", why="no row owns it", server_id=number) for number in range(1, MANY + 1))
    errors = tuple(f"server {number}: locked" for number in range(1, MANY + 1))
    asked = Run(id=LONG, state=RunState.RUNNING, dry_run=False, requested_at=now, started_at=now)
    world.services.runs.begin(asked)
    done = replace(asked, state=RunState.DONE, finished_at=now + MINUTE, did=tuple(acts), errors=errors)
    world.services.runs.save(done)
    return world


def write(name: str) -> None:
    """Write the two files of a state."""
    folder = HERE / name
    folder.mkdir(exist_ok=True)
    lines = [json.dumps(document, sort_keys=True) for document in recorded()]
    (folder / "items.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    checkout = HERE.parent.parent
    below = (path for path in (checkout / "chalicelib").rglob("*") if path.is_file() and path.suffix not in UNWANTED)
    with zipfile.ZipFile(folder / "code.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in [checkout / "app.py", *sorted(below)]:
            entry = zipfile.ZipInfo(path.relative_to(checkout).as_posix(), (2026, 1, 1, 0, 0, 0))
            archive.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED, 9)


if __name__ == "__main__":
    write(sys.argv[1])

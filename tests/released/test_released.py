"""Old and new code side by side on one table, as they are for minutes in every deployment (row Z1).

Each folder beside this file is a former state of this project, by schema and commit: what it wrote (`items.jsonl`) and
its own code (`code.zip`), made by `record.py`; `README.md` says which and why. None is ever changed.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import zipfile
from dataclasses import fields
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from chalicelib.domain import labels
from chalicelib.domain.instance import TERMINAL, Instance, Status
from chalicelib.domain.orphans import ServerFact
from chalicelib.storage import rows
from chalicelib.storage.codec import to_document
from chalicelib.storage.long_runs import PART
from chalicelib.storage.table import Item, Put
from tests.released.record import LONG, MANY, recorded
from tests.unit.operations.world import World

HERE = Path(__file__).parent
CHECKOUT = str(HERE.parent.parent)
RELEASES = sorted(path.name for path in HERE.iterdir() if (path / "items.jsonl").is_file())
WINDOW = timedelta(days=2)
FORM = re.compile(r"schema(\d+)-([0-9a-f]{7})")
NOT_KNOWN_THERE: dict[str, str] = {}
"""Kinds of items that a released reader may refuse with UnknownSchema, each with the reason why that is harmless."""

NO_PARTS = frozenset({"schema1-d822b78", "schema1-be82fb2"})
"""Of a run that goes on in further items these show the newest acts and errors alone, which is harmless: a record is
read by people, and written by nobody but the process whose run it is."""


def items(release: str) -> list[dict[str, Any]]:
    """What a release wrote."""
    return [json.loads(line) for line in (HERE / release / "items.jsonl").read_text(encoding="utf-8").splitlines()]


def archive(release: str) -> str:
    """The code of a release."""
    return str(HERE / release / "code.zip")


def read_by(code: str, documents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What items mean to some code, read in a process of its own."""
    given = "".join(json.dumps(document) + "\n" for document in documents)
    command = [sys.executable, "-I", str(HERE / "read.py"), code]
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=True, timeout=60)
    return [json.loads(line) for line in done.stdout.splitlines()]


def instances(documents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those of the items that are rows of instances."""
    return [document for document in documents if document["key"].startswith(rows.PREFIX)]


@pytest.fixture(scope="module")
def of_today() -> list[dict[str, Any]]:
    """What this release writes."""
    return recorded()


@pytest.mark.parametrize("release", RELEASES)
def test_a_name_says_schema_and_commit(release: str) -> None:
    """All rows in a folder have the schema in its name, and its code is that commit's, file by file."""
    found = FORM.fullmatch(release)
    assert found is not None
    assert {document["body"]["schema"] for document in instances(items(release))} == {int(found[1])}
    if _git("cat-file", "-e", f"{found[2]}^{{commit}}").returncode != 0:
        pytest.skip(f"this clone has no commit {found[2]}: its history was cut off")
    with zipfile.ZipFile(archive(release)) as code:
        assert [each for each in code.namelist() if _git("show", f"{found[2]}:{each}").stdout != code.read(each)] == []


def _git(*words: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["git", *words], cwd=CHECKOUT, capture_output=True, check=False)


@pytest.mark.parametrize("release", RELEASES)
def test_z1_this_release_reads_what_a_released_one_wrote(release: str) -> None:
    """Every item means to this code what it meant to the code that wrote it (row Z1)."""
    written = items(release)
    then = read_by(archive(release), written)
    assert [each for each in then if "defect" in each or "unknown" in each] == []
    assert read_by(CHECKOUT, written) == then


@pytest.mark.parametrize("release", RELEASES)
def test_z1_a_released_one_reads_what_this_release_writes(release: str, of_today: list[dict[str, Any]]) -> None:
    """The old code beside the new gives every item the same meaning, or says that it does not know it (row Z1)."""
    then = read_by(archive(release), of_today)
    now = read_by(CHECKOUT, of_today)
    differ = [
        (document["key"], old, new)
        for document, old, new in zip(of_today, then, now, strict=True)
        if old != new and not (old == {"unknown": True} and document["key"].partition("#")[0] in NOT_KNOWN_THERE)
    ]
    assert [key for key, *_ in differ] == ([f"run#{LONG}"] if release in NO_PARTS else []), differ
    assert [(old["state"], old["errors"]) for _, old, _ in differ] == [("done", MANY - PART) for _ in differ]


@pytest.mark.parametrize("release", sorted({*RELEASES} - NO_PARTS))
def test_z1_a_long_run_of_a_released_one_is_read_whole(release: str) -> None:
    """What lies in parts is there too, act by act: nothing of what a run did is lost by an upgrade (row Z1)."""
    written = items(release)
    (number,) = (each for each, document in enumerate(written) if document["key"] == f"run#{LONG}")
    told = read_by(CHECKOUT, written)[number]
    assert told == {"state": "done", "did": [MANY, MANY * (MANY + 1) // 2], "errors": MANY, "skipped": 0}


@pytest.mark.parametrize("release", RELEASES)
def test_nothing_of_a_released_row_is_lost_when_it_is_written_again(release: str) -> None:
    """A row that this release reads and writes holds every field and value that it had."""
    for document in instances(items(release)):
        again = to_document(rows.instance_of(Item(**document)))
        assert _within(document["body"], again), document["key"]


@pytest.mark.parametrize("release", RELEASES)
def test_every_status_was_recorded(release: str) -> None:
    """The lives that were recorded pass through every status that a released row may be in."""
    assert {document["body"]["status"] for document in instances(items(release))} == {each.value for each in Status}


@pytest.mark.parametrize("release", RELEASES)
def test_z1_a_life_begun_by_a_released_one_ends_under_this_one(release: str) -> None:
    """Whatever a row was waiting for, this release brings it to its end: no server left, nothing raised (row Z1)."""
    for document in instances(items(release)):
        assert _lived_out(document).status in TERMINAL, document["key"]


def test_the_recording_is_of_this_checkout(of_today: list[dict[str, Any]]) -> None:
    """What is recorded today has every field of a row: a recording that lagged behind would prove nothing."""
    names = {field.name for field in fields(Instance)} - {"version", "op_id", "due_at"}
    assert [document["key"] for document in instances(of_today) if set(document["body"]) != names] == []


def test_the_recording_has_what_came_last(of_today: list[dict[str, Any]]) -> None:
    """The newest field of a row has a value in what is recorded, so that old code really meets it."""
    builds = [document["body"]["build"] for document in instances(of_today)]
    assert [build for build in builds if build and build["asked_at"]]


def _within(before: Any, after: Any) -> bool:
    """Whether all of a document is in another one, which may have more fields."""
    if isinstance(before, dict):
        return all(name in after and _within(value, after[name]) for name, value in before.items())
    if isinstance(before, list):
        return len(before) == len(after) and all(map(_within, before, after))
    return bool(before == after)


def _lived_out(document: dict[str, Any]) -> Instance:
    """The row of an item after two days in a world of its own, where its server stands at the provider."""
    world = World()
    row = rows.instance_of(Item(**document))
    world.table.write([Put(item=Item(**(document | {"version": 0})), expected=0)])
    world.clock.advance(max(_last_touched(row) - world.clock.now(), timedelta(0)))
    if row.machine is not None and row.status not in TERMINAL:
        world.servers.add(_server(world, row))
    until = world.clock.now() + WINDOW
    while world.row(row.id).status not in TERMINAL and world.clock.now() < until:
        world.wait(timedelta(minutes=10))
    assert world.servers.project.servers == {}
    assert "instance.raised" not in world.alarms.events()
    return world.row(row.id)


def _last_touched(row: Instance) -> datetime:
    return max(moment for moment in (row.status_since, row.running_at, row.created_at) if moment is not None)


def _server(world: World, row: Instance) -> ServerFact:
    machine = row.machine
    assert machine is not None
    return ServerFact(
        server_id=machine.server_id,
        name=row.name,
        labels=labels.server_labels(stack=world.stack.uuid, instance_id=row.id),
        created_at=machine.created_at,
        status="running",
        ip=machine.ip,
    )

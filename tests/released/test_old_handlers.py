"""Handlers of a former state beside rows that it does not know: it does nothing to them, nor to their servers (R22).

They run as they would have been deployed, each state's own `app.py` and `chalicelib` in a process of its own, on one
box's adapters, against an emulated provider. Beside the strange rows stands one that the old code knows and whose time
is over: it is ended meanwhile, so whoever did nothing at all would fail here.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import zipfile
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from chalicelib.adapters.sqlite_table import SqliteTable
from chalicelib.domain import labels
from chalicelib.storage import rows
from chalicelib.storage.table import Item, Put
from tests.emulator_process import EmulatorProcess, emulator_process
from tests.released.record import recorded

HERE = Path(__file__).parent
PROGRAM = HERE.parent / "unit" / "packaging" / "lambda_program.py"
STATES = sorted(path.parent.name for path in HERE.glob("*/code.zip") if "app.py" in zipfile.ZipFile(path).namelist())
HOUR = 3600
DUE = 1_700_000_000
"""Long ago, for every clock."""

SCHEDULED = {
    **dict.fromkeys(("version", "id", "source", "account", "time", "region", "detail-type"), ""),
    "resources": [],
    "detail": {},
}
Body = dict[str, Any]
LATER: Mapping[str, Callable[[Body], Body]] = {
    "schema": lambda body: {**body, "schema": body["schema"] + 1},
    "status": lambda body: {**body, "status": "hibernating"},
    "end": lambda body: {**body, "end_reason": "merged"},
    "build": lambda body: {**body, "build": {**body["build"], "attempt": "first"}},
}
"""What a later state may write that an earlier one cannot read."""


@dataclass
class Place:
    """An old state's handlers, with the table, the provider and the clock that they share with the test."""

    process: subprocess.Popen[str]
    table: SqliteTable
    emulator: EmulatorProcess
    token: str
    clock: Path

    def call(self, handler: str, event: object) -> Any:
        """What a handler returns, or `{"raised": …}`."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"handler": handler, "event": event}) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def hour(self, passed: int) -> None:
        """Everything that is called within an hour."""
        self.clock.write_text(str(passed * HOUR))
        for handler in ("tick", "reap", "tick"):
            self.call(handler, SCHEDULED)

    def servers(self) -> set[int]:
        """The servers that there are."""
        return {each["id"] for each in self.emulator.request(self.token, "GET", "/servers", {})["servers"]}

    def add(self, item: Item, change: Callable[[Body], Body] = dict) -> Item:
        """Put a row into the table under an id of its own, with a server that is ours by name and labels."""
        stack, instance_id = self.table.get("stack"), secrets.token_hex(6)
        assert stack is not None
        named = {"name": f"cc-{instance_id}", "image": "ubuntu-24.04", "server_type": "cpx22", "location": "nbg1"}
        ours = labels.server_labels(stack=stack.body["uuid"], instance_id=instance_id)
        server = self.emulator.request(self.token, "POST", "/servers", {**named, "labels": ours})["server"]
        body = {**item.body, "id": instance_id, "machine": {**item.body["machine"], "server_id": server["id"]}}
        placed = replace(item, key=rows.instance_key(instance_id), body=change(body), due_at=DUE, version=0)
        self.table.write([Put(item=placed, expected=0)])
        kept = self.table.get(placed.key)
        assert kept is not None
        return kept


@contextmanager
def handlers(folder: Path, code: Path) -> Iterator[Place]:
    """The handlers of unpacked code, founded, on one box's adapters in a folder."""
    clock, keyring = folder / "clock", folder / "keyring"
    clock.write_text("0")
    with emulator_process(folder, "--ssh", "off", "--latency", "0", "--clock", str(clock)) as emulator:
        token = emulator.new_project()
        keyring.touch(mode=0o600)
        keyring.write_text(json.dumps(_secrets(token)))
        with (
            (folder / "log").open("w") as log,
            subprocess.Popen(
                [sys.executable, "-I", "-B", str(PROGRAM), str(code)], env=_environment(folder, emulator), cwd=code,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
            ) as process,
        ):  # fmt: skip
            table = SqliteTable(folder / "ccc.db")
            place = Place(process=process, table=table, emulator=emulator, token=token, clock=clock)
            try:
                assert place.call("advance", {"found_stack": True}) is None
                yield place
            finally:
                process.kill()
                table.close()


def _secrets(token: str) -> dict[str, Any]:
    def made() -> str:
        return b64encode(secrets.token_bytes(32)).decode()

    return {"secrets": [{"id": "k1", "secret": made()}], "pepper": made(), "operators": [], "hetzner_token": token}


def _environment(folder: Path, emulator: EmulatorProcess) -> dict[str, str]:
    return {
        "PATH": os.defpath,
        "CCC_STORE": f"sqlite://{folder / 'ccc.db'}",
        "CCC_MAIL": f"maildir://{folder / 'mail'}",
        "CCC_MAIL_FROM": "cloud@localhost",
        "CCC_BUILDER": f"process://{folder / 'nobody'}?slots=1",
        "CCC_KEYRING": f"file://{folder / 'keyring'}",
        "CCC_CLOCK": f"file://{folder / 'clock'}",
        "CCC_NUDGE": "thread:",
        "CCC_HETZNER_ENDPOINT": emulator.endpoint,
        "CCC_PUBLIC_URL": "http://localhost:8000",
        "CCC_SIGNUP": "open",
        "CCC_TYPES": "cx23,cpx22",
        "CCC_LOCATIONS": "nbg1,hel1",
        "CCC_DEFAULT_HOURS": "24",
        "CCC_LEASE_ROUNDING": "up",
        "CCC_MAX_LIVE": "50",
        "CCC_MAX_MONTHLY_EUR": "500",
        "CCC_MAX_CREATES_PER_HOUR": "200",
        "CCC_MAX_HOURS": "72",
        "CCC_MAX_LIFE_HOURS": "168",
        "CCC_PER_OWNER": "1",
        "CCC_BOX_EXTEND": "false",
    }


@pytest.fixture(scope="module")
def of_today() -> dict[str, Item]:
    """A row of this state for each status in which it has a machine that may still be acted on."""
    found = {}
    for document in recorded():
        body = document["body"]
        if document["key"].startswith(rows.PREFIX) and body["machine"] and body["build"]:
            found[body["status"]] = Item(**document)
    return {status: found[status] for status in ("installing", "running", "deleting")}


def unpacked(state: str, folder: Path) -> Path:
    """The code of a state, in a folder."""
    with zipfile.ZipFile(HERE / state / "code.zip") as archive:
        archive.extractall(folder)
    return folder


@pytest.mark.parametrize("state", STATES)
def test_z1_an_old_worker_leaves_what_it_does_not_know(state: str, of_today: dict[str, Item], tmp_path: Path) -> None:
    """For two hours worker, tick and reaper of old touch no strange row and no server of one, and end the known one."""
    with handlers(tmp_path, unpacked(state, tmp_path / "code")) as place:
        known = place.add(of_today["running"])
        strange = [place.add(item, change) for item in of_today.values() for change in LATER.values()]
        for item in strange:
            assert "UnknownSchema" in str(place.call("advance", {"advance": rows.instance_id(item.key)}))
        for passed in range(3):
            place.hour(passed)
        assert [_lasting(place.table.get(item.key)) for item in strange] == [_lasting(item) for item in strange]
        assert place.servers() == {item.body["machine"]["server_id"] for item in strange}
        ended = place.table.get(known.key)
        assert ended is not None
        assert (ended.body["status"], ended.body["end_reason"]) == ("deleted", "expired")


def _lasting(item: Item | None) -> Item | None:
    """All of an item but when it is looked at next, which anybody may put off."""
    return None if item is None else replace(item, due_at=None)


@pytest.mark.parametrize("state", STATES)
def test_z1_an_old_worker_keeps_what_it_knows_readable(state: str, of_today: dict[str, Item], tmp_path: Path) -> None:
    """Rows of today that the old code has written are read by this code, and none is left between two states."""
    with handlers(tmp_path, unpacked(state, tmp_path / "code")) as place:
        items = [place.add(item) for item in of_today.values()]
        for item in items:
            place.call("advance", {"advance": rows.instance_id(item.key)})
        place.hour(0)
        after = [place.table.get(item.key) for item in items]
        assert all(now is not None and now.version > item.version for now, item in zip(after, items, strict=True))
        assert [rows.instance_of(now).id for now in after if now is not None] == [item.body["id"] for item in items]


@pytest.mark.parametrize("state", STATES)
def test_old_code_without_its_look_at_the_schema_would_be_found(
    state: str, of_today: dict[str, Item], tmp_path: Path
) -> None:
    """The same code that takes every schema for its own ends a strange row: what is held above is not held for free."""
    code = unpacked(state, tmp_path / "code")
    file = code / "chalicelib" / "storage" / "rows.py"
    before = file.read_text(encoding="utf-8")
    file.write_text(before.replace("if schema != SCHEMA:", "if schema is None:"), encoding="utf-8")
    assert file.read_text(encoding="utf-8") != before
    with handlers(tmp_path, code) as place:
        strange = place.add(of_today["running"], LATER["schema"])
        place.hour(0)
        assert _lasting(place.table.get(strange.key)) != _lasting(strange)
        assert place.servers() == set()

"""Three programs read a record, each for its own end: what one takes the others take, for every case there is.

validate.nix judges a record before a build, record.sh names the machine at its start, ccc-box asks the service. They
are in three languages, because none of the three places has another's; here they are held against each other.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from ipaddress import IPv6Network
from pathlib import Path
from typing import Any

import pytest

from tests.unit.box.machine import NEEDED, Machine
from tests.unit.nix.nix_programs import NIX, evaluate, needs_nix, needs_shell_tools

CASES: list[dict[str, Any]] = json.loads((NIX / "lib" / "validate-cases.json").read_text())["records"]
COMMANDS = {"hostname": "instance_id", "ipv6": "ipv6_network", "end": "expires_at"}
OF_THE_SERVICE = ("api_url", "box_token")
NO_ANSWER, REFUSED, NOBODY_TO_ASK = 7, 1, 0
"""How `ccc-box refresh` ends: it asked (and nobody answers here), the record is none, the record names no service."""

pytestmark = [needs_nix, needs_shell_tools]

Fields = list[dict[str, bool]]


@pytest.fixture(scope="module")
def fields(tmp_path_factory: pytest.TempPathFactory) -> Fields:
    """Which fields of each case validate.nix takes by themselves."""
    verdicts: dict[str, Fields] = evaluate(tmp_path_factory.mktemp("nix"), NIX / "checks" / "verdicts.nix")
    return verdicts["fields"]


def printed(record: Path, command: str) -> str:
    """What record.sh says of a record."""
    return subprocess.run(
        ["bash", str(NIX / "modules" / "record.sh"), command],
        env={"PATH": "/usr/bin:/bin", "CLOUD_INSTANCE_RECORD": str(record)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def wanted(command: str, record: Any, sound: dict[str, bool]) -> str:
    """What record.sh must say: something exactly where validate.nix takes the value."""
    field = COMMANDS[command]
    if not sound.get(field) or record[field] is None:
        return ""
    match command:
        case "hostname":
            return f"cc-{record[field]}\n"
        case "ipv6":
            return f"{IPv6Network(record[field])[1]}/64\n"
        case _:
            return f"{record[field]}\n"


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_machine_takes_what_nix_takes(tmp_path: Path, fields: Fields, command: str) -> None:
    """record.sh prints a value exactly where validate.nix finds nothing wrong with it, in all records."""
    record = tmp_path / "instance.json"
    differ = []
    for case, sound in zip(CASES, fields, strict=True):
        record.write_text(json.dumps(case["record"]))
        if printed(record, command) != wanted(command, case["record"], sound):
            differ.append(case["name"])
    assert differ == []


def test_box_asks_where_nix_takes_the_service(tmp_path: Path, fields: Fields) -> None:
    """ccc-box asks exactly where validate.nix takes id, address and token, and nobody where a record has neither."""
    if missing := [name for name in NEEDED if shutil.which(name) is None]:
        pytest.skip(f"ccc-box needs {' and '.join(missing)}")
    machine = Machine(tmp_path / "machine")
    machine.program("curl", f"#!/bin/sh\nexit {NO_ANSWER}\n")
    differ = []
    for case, sound in zip(CASES, fields, strict=True):
        record = case["record"]
        machine.record.write_text(json.dumps(record))
        expected = NO_ANSWER if all(sound.get(name) for name in ("instance_id", *OF_THE_SERVICE)) else REFUSED
        if isinstance(record, dict) and not any(name in record for name in OF_THE_SERVICE):
            expected = NOBODY_TO_ASK
        if (code := machine.run("refresh").code) != expected:
            differ.append((case["name"], code, expected))
    assert differ == []

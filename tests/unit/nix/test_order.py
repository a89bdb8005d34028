"""What the service orders and the builder plants is what the machine's own rules take."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from ipaddress import IPv6Interface, IPv6Network
from pathlib import Path

import pytest

from builder.extra_files import AUTHORIZED_KEYS, write_extra_files
from chalicelib.domain.build import BuildOrder
from chalicelib.domain.ssh_key import SshPublicKey
from tests.unit.nix.machine_facts import arguments
from tests.unit.nix.nix_programs import MODULE_TREE, NIX, evaluate, needs_nix, needs_shell_tools
from tests.unit.operations.world import World

RECORD = "var/lib/cloud-instance/instance.json"


@pytest.fixture
def order() -> BuildOrder:
    """An order as a builder gets it from the service."""
    world = World()
    return world.claim(world.installing().id)


@pytest.fixture
def planted(tmp_path: Path, order: BuildOrder) -> Path:
    """The root of a machine with the builder's files."""
    root = tmp_path / "root"
    write_extra_files(root, order)
    return root


def said_of(root: Path, command: str) -> str:
    """What the machine's own reader says of the planted record."""
    return subprocess.run(
        ["bash", str(NIX / "modules" / "record.sh"), command],
        env={"PATH": "/usr/bin:/bin", "CLOUD_INSTANCE_RECORD": str(root / RECORD)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()


@needs_nix
def test_order_keeps_the_rules_of_a_record(tmp_path: Path, planted: Path) -> None:
    """validate.nix finds nothing wrong with the record that the builder plants."""
    expression = tmp_path / "problems.nix"
    read = f"builtins.fromJSON (builtins.readFile {planted / RECORD})"
    expression.write_text(f"(import {NIX}/lib/validate.nix).recordProblems ({read})\n")
    assert evaluate(tmp_path, expression) == []


@needs_shell_tools
def test_machine_reads_what_was_planted(planted: Path, order: BuildOrder) -> None:
    """The planted record gives the server's own name and the first address of its own network."""
    said = {command: said_of(planted, command) for command in ("hostname", "ipv6")}
    assert said["hostname"] == f"cc-{order.instance_id}"
    network = IPv6Network(str(order.record["ipv6_network"]))
    assert IPv6Interface(said["ipv6"]).network == network
    assert IPv6Interface(said["ipv6"]).ip == network[1]


def test_key_of_the_record_is_the_key_that_opens(planted: Path) -> None:
    """The record's key and the line in the file that sshd reads are one and the same."""
    record = json.loads((planted / RECORD).read_text())
    assert (planted / AUTHORIZED_KEYS).read_text() == record["user_ssh_key"] + "\n"


def test_cases_have_what_the_builder_plants(tmp_path: Path, order: BuildOrder) -> None:
    """The authorized_keys that `checks.forms` counts on is, byte for byte, what the builder writes for that record."""
    cases = json.loads((NIX / "lib" / "validate-cases.json").read_text())
    record = next(case["record"] for case in cases["records"] if case["name"] == cases["planted"]["case"])
    pasted = SshPublicKey.parse(record["user_ssh_key"])
    line = pasted.line(f"cc-{record['instance_id']}")
    write_extra_files(tmp_path / "root", replace(order, authorized_key=line, record=record))
    assert (tmp_path / "root" / AUTHORIZED_KEYS).read_text() == cases["planted"]["authorized_keys"]


@needs_nix
@needs_shell_tools
def test_same_machine_with_its_values_within(tmp_path: Path, planted: Path) -> None:
    """A system built from the order's values has the keys of the planted authorized_keys and the planted name."""
    record = json.loads((planted / RECORD).read_text())
    values = {"instanceId": record["instance_id"], "userSshKey": record["user_ssh_key"]}
    (tmp_path / "values.json").write_text(json.dumps(values))
    expression = tmp_path / "named.nix"
    expression.write_text(
        "{ checkout, tree, disko, names ? null }@given:\n"
        f"let named = (import {MODULE_TREE}/system.nix given).lib.mkCloudInstance\n"
        f"  (builtins.fromJSON (builtins.readFile {tmp_path}/values.json)); in {{\n"
        "  name = named.config.networking.hostName;\n"
        "  keys = named.config.users.users.claude.openssh.authorizedKeys.keys;\n"
        "}\n"
    )
    named = evaluate(tmp_path, expression, *arguments(tmp_path))
    assert named["keys"] == (planted / AUTHORIZED_KEYS).read_text().splitlines()
    assert named["name"] == said_of(planted, "hostname")


def test_sshd_is_told_of_the_file_the_builder_writes() -> None:
    """The path in the module is the builder's path, with the login's name left open."""
    folder, _, login = AUTHORIZED_KEYS.rpartition("/")
    assert login == "claude"
    assert f'"/{folder}/%u"' in (NIX / "modules" / "access.nix").read_text()

"""What the service orders and the builder plants is what the machine's own rules take."""

from __future__ import annotations

import json
import subprocess
from ipaddress import IPv6Interface, IPv6Network
from pathlib import Path

import pytest

from builder.extra_files import AUTHORIZED_KEYS, write_extra_files
from chalicelib.domain.build import BuildOrder
from tests.unit.nix.nix_programs import NIX, evaluate, needs_nix, needs_shell_tools
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
    said = {
        command: subprocess.run(
            ["bash", str(NIX / "modules" / "record.sh"), command],
            env={"PATH": "/usr/bin:/bin", "CLOUD_INSTANCE_RECORD": str(planted / RECORD)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for command in ("hostname", "ipv6")
    }
    assert said["hostname"] == f"cc-{order.instance_id}"
    network = IPv6Network(str(order.record["ipv6_network"]))
    assert IPv6Interface(said["ipv6"]).network == network
    assert IPv6Interface(said["ipv6"]).ip == network[1]


def test_key_of_the_record_is_the_key_that_opens(planted: Path) -> None:
    """The record's key and the line in the file that sshd reads are one and the same."""
    record = json.loads((planted / RECORD).read_text())
    assert (planted / AUTHORIZED_KEYS).read_text() == record["user_ssh_key"] + "\n"


def test_sshd_is_told_of_the_file_the_builder_writes() -> None:
    """The path in the module is the builder's path, with the login's name left open."""
    folder, _, login = AUTHORIZED_KEYS.rpartition("/")
    assert login == "claude"
    assert f'"/{folder}/%u"' in (NIX / "modules" / "access.nix").read_text()

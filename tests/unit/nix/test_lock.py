"""flake.lock: whole, of full revisions and hashes, and the very lock that flake.nix asks for."""

from __future__ import annotations

import base64
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.unit.nix.nix_programs import CHECKOUT, copy_of_flake, environment, needs_nix

LOCK: dict[str, Any] = json.loads((CHECKOUT / "flake.lock").read_text())
NODES: dict[str, dict[str, Any]] = LOCK["nodes"]
LOCKED = sorted(set(NODES) - {LOCK["root"]})


def metadata(folder: Path, home: Path) -> subprocess.CompletedProcess[str]:
    """`nix flake metadata` of a folder, with a store of its own and forbidden to change the lock."""
    return subprocess.run(
        [
            *("nix", "--extra-experimental-features", "nix-command flakes", "flake", "metadata", "--json"),
            *("--offline", "--no-update-lock-file", f"path:{folder}"),
        ],
        env=environment(home, NIX_REMOTE=f"local?root={home}/root"),
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("name", LOCKED)
def test_node_is_pinned(name: str) -> None:
    """Every node has a full revision and a SHA-256 in the form that Nix checks a download with."""
    locked = NODES[name]["locked"]
    assert locked["type"] == "github"
    assert re.fullmatch(r"[0-9a-f]{40}", locked["rev"])
    kind, _, digest = locked["narHash"].partition("-")
    assert kind == "sha256"
    assert len(base64.b64decode(digest, validate=True)) == 256 // 8
    assert isinstance(locked["lastModified"], int)


def test_every_reference_leads_to_a_node() -> None:
    """An input is a node's name or a path of inputs from the root, and every node is reached from the root."""
    reached = set()
    waiting = [LOCK["root"]]
    while waiting:
        name = waiting.pop()
        reached.add(name)
        for target in NODES[name].get("inputs", {}).values():
            at = target
            if isinstance(target, list):
                at = LOCK["root"]
                for step in target:
                    at = NODES[at]["inputs"][step]
            if at not in reached:
                waiting.append(at)
    assert reached == set(NODES)


def test_every_input_of_the_flake_is_locked() -> None:
    """The root of the lock has the inputs that flake.nix names with a URL, and no others."""
    named = re.findall(r"^ {4}([a-z-]+)\.url = ", (CHECKOUT / "flake.nix").read_text(), re.MULTILINE)
    assert sorted(named) == sorted(NODES[LOCK["root"]]["inputs"])


@needs_nix
def test_lock_is_the_one_the_flake_asks_for(tmp_path: Path) -> None:
    """Nix finds nothing to add to the lock and nothing to change, without asking anybody."""
    folder = tmp_path / "flake"
    folder.mkdir()
    answer = metadata(copy_of_flake(folder), tmp_path)
    assert answer.returncode == 0, answer.stderr
    assert sorted(json.loads(answer.stdout)["locks"]["nodes"]) == sorted(NODES)


@needs_nix
def test_another_tag_needs_another_lock(tmp_path: Path) -> None:
    """A flake.nix that asks for another Claude Code than the lock has is refused, so the two cannot part."""
    folder = tmp_path / "flake"
    folder.mkdir()
    flake = copy_of_flake(folder) / "flake.nix"
    flake.write_text(re.sub(r"(claude-code-nix/)v[0-9.]+", r"\1v0.0.1", flake.read_text()))
    answer = metadata(folder, tmp_path)
    assert answer.returncode != 0
    assert "claude-code" in answer.stderr

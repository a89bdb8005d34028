"""The machine as NixOS's own modules see it, evaluated once for all tests that ask.

NIXPKGS_PATH names a nixpkgs checkout; its nixos/ and lib/ are enough, then the packages are stubs (module_tree/).
DISKO_PATH names one of disko. Without them the tests are skipped.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

from tests.unit.nix.nix_programs import MODULE_TREE, NIX, copy_of_flake, evaluate, tree_at

RECORD: dict[str, str] = next(
    case["record"]
    for case in json.loads((NIX / "lib" / "validate-cases.json").read_text())["records"]
    if case["name"] == "with an end"
)
VALUES = {
    "instanceId": RECORD["instance_id"],
    "userSshKey": RECORD["user_ssh_key"],
    "expiresAt": RECORD["expires_at"],
}
HAND_WRITTEN = {name: RECORD[name] for name in ("instance_id", "user_ssh_key", "expires_at")}
PACKAGES = "pkgs/top-level/impure.nix"
"""A tree without this file has no packages."""


def trees() -> tuple[Path, Path]:
    """The NixOS module tree and disko, or a skip."""
    return tree_at("NIXPKGS_PATH", holding="nixos/lib/eval-config.nix"), tree_at("DISKO_PATH", holding="module.nix")


def arguments(home: Path) -> list[str]:
    """What facts.nix and system.nix are called with: the flake's files copied, the trees as they are."""
    tree, disko = trees()
    checkout = home / "flake"
    checkout.mkdir()
    given = {"checkout": copy_of_flake(checkout), "tree": tree, "disko": disko}
    if not (tree / PACKAGES).exists():
        given["names"] = home / "names.json"
        given["names"].write_text(json.dumps(names([tree / "nixos" / "modules", disko, NIX])))
    return [word for name, path in given.items() for word in ("--arg", name, str(path))]


def facts(home: Path) -> dict[str, Any]:
    """Both forms of the machine and the flake's outputs."""
    instance = home / "instance"
    instance.mkdir()
    shutil.copy(NIX / "instance" / "flake.nix", instance)
    (instance / "instance.json").write_text(json.dumps(HAND_WRITTEN))
    values = home / "values.json"
    values.write_text(json.dumps(VALUES))
    called = [
        *arguments(home),
        *("--arg", "instance", str(instance)),
        *("--arg", "values", f"builtins.fromJSON (builtins.readFile {values})"),
    ]
    answer: dict[str, Any] = evaluate(home, MODULE_TREE / "facts.nix", *called)
    return answer


def names(roots: list[Path]) -> dict[str, list[str]]:
    """Every word that could be a package's name, and every word that is asked of a package."""
    text = "\n".join(file.read_text(errors="replace") for root in roots for file in root.rglob("*.nix"))
    return {
        "names": sorted(set(re.findall(r"[A-Za-z_][\w'-]*", text))),
        "parts": sorted(set(re.findall(r"(?:pkgs\.[\w-]+|[pP]ackage)\.([A-Za-z][\w-]*)", text))),
    }

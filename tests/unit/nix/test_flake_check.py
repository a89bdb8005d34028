"""`nix flake check` of the whole flake, with inputs from folders instead of from the network, and without building.

NIXPKGS_PATH, DISKO_PATH and CLAUDE_PATH name checkouts of three inputs; for nixos-anywhere, of which only a recipe is
used, there is a stand-in. A nixpkgs tree without its packages is made a flake whose packages are stubs; then the flake,
its lock, its modules and its checks are evaluated all the same.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.unit.nix.machine_facts import PACKAGES, names, trees
from tests.unit.nix.nix_programs import MODULE_TREE, NIX, copy_of_flake, environment, needs_nix, tree_at

pytestmark = needs_nix

STUB_FLAKE = """{
  outputs = _:
    let
      lib = import ./lib;
      pkgs = import ./stub-pkgs.nix ({ inherit lib; } // builtins.fromJSON (builtins.readFile ./names.json));
      stubs = { _module.args.pkgs = lib.mkForce pkgs; };
      evalConfig = import ./nixos/lib/eval-config.nix;
    in
    {
      lib = lib // {
        nixosSystem = given: evalConfig { inherit lib; system = null; modules = given.modules ++ [ stubs ]; };
      };
      legacyPackages.x86_64-linux = pkgs;
    };
}
"""


def nixpkgs_flake(tree: Path, disko: Path, folder: Path) -> Path:
    """The tree itself when it has packages, else a flake of its modules with stubs for packages."""
    if (tree / PACKAGES).exists():
        return tree
    folder.mkdir()
    for part in ("lib", "nixos/lib", "nixos/modules"):
        shutil.copytree(tree / part, folder / part)
    (folder / "nixos" / "tests").mkdir()
    shutil.copy(tree / "nixos" / "tests" / "make-test-python.nix", folder / "nixos" / "tests")
    shutil.copy(MODULE_TREE / "stub-pkgs.nix", folder)
    (folder / "names.json").write_text(json.dumps(names([tree / "nixos" / "modules", disko, NIX])))
    (folder / "flake.nix").write_text(STUB_FLAKE)
    return folder


def flake_check(flake: Path, home: Path) -> subprocess.CompletedProcess[str]:
    """`nix flake check --no-build` with its inputs taken from folders."""
    tree, disko = trees()
    inputs = {
        "nixpkgs": nixpkgs_flake(tree, disko, home / "nixpkgs"),
        "disko": disko,
        "claude-code": tree_at("CLAUDE_PATH", holding="package.nix"),
        "nixos-anywhere": MODULE_TREE / "nixos-anywhere",
    }
    overrides = [word for name, path in inputs.items() for word in ("--override-input", name, f"path:{path}")]
    return subprocess.run(
        [
            *("nix", "--extra-experimental-features", "nix-command flakes", "--offline", "flake", "check"),
            *("--no-build", "--no-write-lock-file", f"path:{flake}", *overrides),
        ],
        env=environment(home, NIX_REMOTE=f"local?root={home}/root"),
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def flake(tmp_path: Path) -> Path:
    """The flake's own files in a folder of their own."""
    folder = tmp_path / "flake"
    folder.mkdir()
    return copy_of_flake(folder)


def test_flake_check_passes(flake: Path, tmp_path: Path) -> None:
    """Every output of the flake has the form that Nix wants, and evaluates."""
    answer = flake_check(flake, tmp_path)
    assert answer.returncode == 0, answer.stderr


def test_flake_check_sees_the_modules(flake: Path, tmp_path: Path) -> None:
    """An option that does not exist, in a module of the machine, fails the check: it does look that deep."""
    access = flake / "nix" / "modules" / "access.nix"
    access.write_text(access.read_text().replace("mutableUsers = false;", "mutableUsers = false; noSuchOption = 1;"))
    answer = flake_check(flake, tmp_path)
    assert answer.returncode != 0
    assert "noSuchOption" in answer.stderr

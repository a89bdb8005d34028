"""Every .nix file is an expression."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.unit.nix.nix_programs import CHECKOUT, MODULE_TREE, NIX, environment, needs_nix

FILES = [CHECKOUT / "flake.nix", *sorted(NIX.rglob("*.nix")), *sorted(MODULE_TREE.glob("*.nix"))]


@needs_nix
@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(CHECKOUT)))
def test_file_parses(tmp_path: Path, file: Path) -> None:
    """Nix reads the file and resolves every name in it."""
    answer = subprocess.run(
        ["nix-instantiate", "--parse", str(file)],
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr


def test_every_file_says_what_it_is_for() -> None:
    """A .nix file begins with a comment, or with a description; flakes must begin with their brace."""
    silent = [
        file.name for file in FILES if not file.read_text().startswith("#") and "description =" not in file.read_text()
    ]
    assert silent == []

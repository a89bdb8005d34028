"""Nix as the tests run it: nothing is built, nothing fetched, nothing written outside a test's folder.

Where Nix is not installed, what needs it is skipped and says so (Debian: `apt-get install nix-bin`).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

CHECKOUT = Path(__file__).resolve().parents[3]
NIX = CHECKOUT / "nix"
MODULE_TREE = Path(__file__).resolve().parent / "module_tree"

needs_nix = pytest.mark.skipif(
    shutil.which("nix-instantiate") is None, reason="nix is not installed (Debian: apt-get install nix-bin)"
)
needs_shell_tools = pytest.mark.skipif(
    shutil.which("bash") is None or shutil.which("jq") is None,
    reason="bash and jq are needed to run the record's reader",
)


def tree_at(variable: str, *, holding: str) -> Path:
    """The folder that a variable of the environment names, or a skip that says what is missing."""
    named = os.environ.get(variable)  # noqa: TID251 -- a switch of the tests, not a setting of the product
    if not named:
        pytest.skip(f"{variable} is not set: it names a checkout that holds {holding}")
    folder = Path(named)
    if not (folder / holding).exists():
        pytest.skip(f"{variable} names {folder}, which does not hold {holding}")
    return folder


def environment(home: Path, **changes: str) -> Mapping[str, str]:
    """An environment in which Nix sees no user's settings, no channel and no network."""
    return {
        "PATH": os.environ["PATH"],  # noqa: TID251 -- the tests find nix where the developer has it
        "HOME": str(home),
        "XDG_CACHE_HOME": str(home / "cache"),
        "NIX_PATH": "",
        "NIX_USER_CONF_FILES": "",
        "NIX_CONFIG": "substituters =\nconnect-timeout = 1",
        "NIX_REMOTE": "dummy://",
        **changes,
    }


def evaluate(home: Path, file: Path, *arguments: str) -> Any:
    """The value of an expression in a file; `AssertionError` with Nix's own words when there is none."""
    command = ["nix-instantiate", "--eval", "--strict", "--json", str(file), *arguments]
    answer = subprocess.run(command, env=environment(home), capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)


def refusal(home: Path, file: Path, *arguments: str) -> str:
    """What Nix says when it refuses an expression in a file."""
    command = ["nix-instantiate", "--eval", "--strict", "--json", str(file), *arguments]
    answer = subprocess.run(command, env=environment(home), capture_output=True, text=True, check=False)
    assert answer.returncode != 0, answer.stdout
    return answer.stderr


def copy_of_flake(folder: Path) -> Path:
    """The flake's own files in a folder of their own: a checkout also has gigabytes that are none of its source."""
    for name in ("flake.nix", "flake.lock"):
        shutil.copy(CHECKOUT / name, folder / name)
    shutil.copytree(NIX, folder / "nix")
    return folder


def shellcheck(script: Path) -> tuple[int, str]:
    """Exit code and words of shellcheck about a bash script, or a skip where there is none."""
    if shutil.which("shellcheck") is None:
        pytest.skip("shellcheck is not installed (Debian: apt-get install shellcheck)")
    command = ["shellcheck", "--severity=style", "--shell=bash", str(script)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    return answer.returncode, answer.stdout

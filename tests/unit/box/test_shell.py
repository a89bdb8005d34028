"""The script as a shell program: shellcheck has nothing to say, and it begins as one that can be run."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from tests.unit.box.machine import SCRIPT


def test_shellcheck_has_nothing_to_say() -> None:
    """Not even a matter of style."""
    if shutil.which("shellcheck") is None:
        pytest.skip("shellcheck is not installed on this machine")
    done = subprocess.run(
        ["shellcheck", "--severity=style", "--shell=bash", str(SCRIPT)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_it_can_be_run_as_it_is() -> None:
    """The file is executable and names bash; nothing in it evaluates a text."""
    lines = SCRIPT.read_text().splitlines()
    assert lines[0] == "#!/usr/bin/env bash"
    assert "set -euo pipefail" in lines
    assert SCRIPT.stat().st_mode & 0o111 == 0o111
    words = {word for line in lines if not line.lstrip().startswith("#") for word in line.split()}
    assert not words & {"eval", "source"}

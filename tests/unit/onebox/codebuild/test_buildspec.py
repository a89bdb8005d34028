"""Buildspecs: what is read, what is refused, and in which order the commands run."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from onebox.codebuild.buildspec import BuildspecInvalid, read

PHASES = "version: 0.2\nphases:\n"


def run(text: str, folder: Path) -> tuple[int, list[str], list[str]]:
    """The exit code of a buildspec's program, what it printed, and the phases that it began."""
    note = folder / "a 'note'"
    note.touch()
    done = subprocess.run(["/bin/sh", "-c", read(text).program(str(note))], capture_output=True, text=True, check=False)
    began = [line for line in note.read_text().splitlines() if not line.startswith("FAILED ")]
    return done.returncode, done.stdout.split(), began


def test_commands_run_in_the_order_of_the_phases_in_one_shell(tmp_path: Path) -> None:
    """What a command exports and where it goes holds for the phases after it; the order in the text does not matter."""
    text = f"""{PHASES}
  build: {{commands: ['echo $WHO', 'pwd']}}
  install: {{commands: ['export WHO=me', 'cd /']}}
"""
    assert run(text, tmp_path) == (0, ["me", "/"], ["INSTALL", "BUILD"])


def test_a_phase_ends_at_its_first_failure(tmp_path: Path) -> None:
    """Commands after one that failed are not run, and the build has failed."""
    assert run(f"{PHASES}  build: {{commands: ['echo a', 'false', 'echo b']}}", tmp_path) == (1, ["a"], ["BUILD"])


def test_after_a_failed_build_comes_post_build(tmp_path: Path) -> None:
    """`post_build` is run after a `build` that failed, and does not make it good."""
    text = f"{PHASES}  build: {{commands: ['false']}}\n  post_build: {{commands: ['echo after']}}"
    assert run(text, tmp_path) == (1, ["after"], ["BUILD", "POST_BUILD"])


@pytest.mark.parametrize("phase", ["install", "pre_build"])
def test_after_a_failed_beginning_comes_nothing(phase: str, tmp_path: Path) -> None:
    """When `install` or `pre_build` fails, neither `build` nor `post_build` is run."""
    text = f"{PHASES}  {phase}: {{commands: ['false']}}\n  build: {{commands: ['echo b']}}\n"
    text += "  post_build: {commands: ['echo c']}"
    assert run(text, tmp_path) == (1, [], [phase.upper()])


def test_a_command_may_leave_the_shell(tmp_path: Path) -> None:
    """`exit` ends everything with its code."""
    assert run(f"{PHASES}  build: {{commands: ['exit 3', 'echo b']}}", tmp_path) == (3, [], ["BUILD"])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "- a list",
        "version: 0.1\nphases: {build: {commands: [true]}}",
        "version: 0.2",
        "version: 0.2\nphases: {}",
        f"{PHASES}  build: {{commands: []}}",
        f"{PHASES}  build: {{commands: ls}}",
        f"{PHASES}  build: {{commands: [1]}}",
        f"{PHASES}  build: {{commands: ['ls'], on-failure: CONTINUE}}",
        f"{PHASES}  deploy: {{commands: ['ls']}}",
        f"{PHASES}  build: {{commands: ['ls']}}\nartifacts: {{files: ['*']}}",
        f"{PHASES}  build: {{commands: ['ls']}}\nenv: {{parameter-store: {{KEY: /key}}}}",
        "version: 0.2\nphases: [",
    ],
)
def test_what_cannot_be_carried_out_is_refused(text: str) -> None:
    """No field of a buildspec is quietly left out."""
    with pytest.raises(BuildspecInvalid):
        read(text)

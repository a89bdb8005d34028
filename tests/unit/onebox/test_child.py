"""A child that is kept alive: its lines, its deaths, its next lives."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from onebox.child import Child
from onebox.console import Console
from onebox.loop import Loop
from onebox.spawn import Command
from tests.unit.onebox.until import until

# The supervisor has one thread; the process that runs tests may have more, which Python 3.12 and later warn of.
pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")


class _Stage:
    """A loop with a child in it, whose lines are collected; it ends after `lines` of them."""

    def __init__(
        self, script: str, lines: int, folder: Path, shown: Callable[[str], str | None] = lambda line: line
    ) -> None:
        self.said: list[str] = []
        self.hopeless: list[str] = []
        self.loop = Loop()
        self._reading, self._writing = os.pipe2(os.O_CLOEXEC)
        self._wanted = lines
        self.child = Child(
            "thing",
            lambda life: Command(
                arguments=[sys.executable, "-S", "-c", script, str(life)], environment={}, folder=folder
            ),
            loop=self.loop,
            console=Console(output=self._writing, errors=self._writing),
            on_line=self._heard,
            shown=shown,
            on_hopeless=self._gave_up,
        )

    def run(self) -> str:
        """Play until enough lines were heard; what the person saw."""
        self.loop.on_signal(signal.SIGCHLD, self.child.look)
        self.loop.later(8.0, self.loop.stop)
        self.child.start()
        self.loop.run()
        self.child.send(signal.SIGKILL)
        assert until(self._is_gone)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self.loop.close()
        os.close(self._writing)
        with os.fdopen(self._reading) as reading:
            return reading.read()

    def _is_gone(self) -> bool:
        self.child.look()
        return self.child.pid is None

    def _heard(self, line: str) -> None:
        self.said.append(line)
        if len(self.said) == self._wanted:
            self.loop.stop()

    def _gave_up(self, name: str) -> None:
        self.hopeless.append(name)
        self.loop.stop()


def test_a_child_that_dies_is_started_again(tmp_path: Path) -> None:
    """Its death is said, the next life knows its number, and a last line without an end is not lost."""
    stage = _Stage("import sys; sys.stdout.write(f'life {sys.argv[1]}'); sys.stdout.flush(); sys.exit(3)", 2, tmp_path)
    seen = stage.run()
    assert stage.said == ["life 1", "life 2"]
    assert seen.splitlines()[:2] == ["thing    | life 1", "onebox   | thing ended with status 3"]


def test_a_person_sees_of_a_line_what_is_to_be_shown(tmp_path: Path) -> None:
    """Lines may be shown in another form or not at all, and are heard in full all the same."""
    shown = {"long": "short", "dull": None}
    stage = _Stage("print('long'); print('dull', flush=True); input()", 2, tmp_path, lambda line: shown.get(line, line))
    seen = stage.run()
    assert stage.said[:2] == ["long", "dull"]
    assert "thing    | short" in seen.splitlines()
    assert "dull" not in seen


def test_a_child_that_is_killed_is_said_by_its_signal(tmp_path: Path) -> None:
    """SIGKILL has a name."""
    script = "import os, sys; print(sys.argv[1], flush=True); os.kill(os.getpid(), 9)"
    assert "onebox   | thing was ended by SIGKILL" in _Stage(script, 2, tmp_path).run()


def test_a_child_that_cannot_start_is_not_tried_again(tmp_path: Path) -> None:
    """Status 2 says that starting again will not help."""
    stage = _Stage("import sys; sys.exit(2)", 1, tmp_path)
    stage.run()
    assert stage.hopeless == ["thing"]
    assert stage.child.lives == 1


def test_a_child_that_is_told_to_end_stays_ended(tmp_path: Path) -> None:
    """After the signal there is no next life."""
    stage = _Stage("import time; print('up', flush=True); time.sleep(60)", 1, tmp_path)
    stage.run()
    stage.child.start()
    assert stage.child.pid is None
    assert stage.child.lives == 1


def test_a_program_that_does_not_exist_is_said(tmp_path: Path) -> None:
    """A fork that fails is a remark, and another try."""
    stage = _Stage("", 1, tmp_path / "missing")
    stage.loop.later(0.15, stage.loop.stop)
    assert "thing cannot be started" in stage.run()
    assert stage.child.lives >= 1

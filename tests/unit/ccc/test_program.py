"""Suggestions that can be pasted: the program's name as it has to be typed here."""

from __future__ import annotations

from pathlib import Path

import pytest

from ccc.program import called, pasteable
from tests.unit.ccc.conftest import Ccc
from tests.unit.ccc.service import RUNNING, Service, instance

ID = "0123456789ab"


def test_a_path_stays_a_path() -> None:
    """What was started by a path that the shell does not find is called by that path again."""
    assert called("bin/ccc", found=None) == "bin/ccc"
    assert called("/opt/a checkout/bin/ccc", found="/usr/bin/ccc") == "'/opt/a checkout/bin/ccc'"


def test_the_bare_name(tmp_path: Path) -> None:
    """Where the shell finds this very file, through a link or not, the bare name will do."""
    (tmp_path / "ccc").touch()
    (tmp_path / "link").symlink_to(tmp_path / "ccc")
    assert called(str(tmp_path / "ccc"), found=str(tmp_path / "link")) == "ccc"
    assert called(None, found=None) == "ccc"


def test_every_command_of_a_suggestion(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands behind the first one and behind our variables are rewritten too; other words are not."""
    monkeypatch.setenv("CCC_PROGRAM", "bin/ccc")
    said = "ccc status x --watch    (or: ccc deprovision x)"
    assert pasteable(said) == "bin/ccc status x --watch    (or: bin/ccc deprovision x)"
    assert pasteable("CCC_URL='a;b' CCC_TOKEN=t ccc status x") == "CCC_URL='a;b' CCC_TOKEN=t bin/ccc status x"
    assert pasteable("cat /a/ccc b") == "cat /a/ccc b"
    assert pasteable("OTHER=t ccc b") == "OTHER=t ccc b"


@pytest.mark.parametrize(
    ("words", "suggestion"),
    [
        (["status", "ffffffffffff"], "Next: bin/ccc list"),
        (["wait", ID], f"Next: bin/ccc ssh {ID}"),
        (["list", "--owner", "nobody@example.org"], "Next: bin/ccc provision EMAIL SSH_KEY"),
        (["nonsense"], "Try 'bin/ccc --help' for help."),
    ],
)
def test_what_is_suggested(
    ccc: Ccc, service: Service, monkeypatch: pytest.MonkeyPatch, words: list[str], suggestion: str
) -> None:
    """Errors, endings and usage all name the program in the same way."""
    monkeypatch.setenv("CCC_PROGRAM", "bin/ccc")
    if words[0] == "wait":
        service.add(instance(ID, **RUNNING))
    assert suggestion in ccc(*words).err.splitlines()

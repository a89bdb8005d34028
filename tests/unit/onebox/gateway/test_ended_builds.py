"""Builds that ended badly are looked at as soon as the supervisor tells of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from onebox.gateway.ended_builds import EndedBuilds
from onebox.gateway.supervisor_line import SupervisorLine


class _Line(SupervisorLine):
    """Answers with what it is given, or fails with it."""

    __slots__ = ("told",)

    told: dict[str, Any] | Exception

    def ask(self, operation: str) -> dict[str, Any]:
        assert operation == "ended"
        if isinstance(self.told, Exception):
            raise self.told
        return self.told


def _hurried(folder: Path, told: dict[str, Any] | Exception) -> list[str]:
    line, hurried = _Line(path=folder / "socket"), list[str]()
    object.__setattr__(line, "told", told)
    EndedBuilds(supervisor=line, hurry=hurried.append).look()
    return hurried


def test_every_row_is_hurried(tmp_path: Path) -> None:
    """In the order in which their builders ended."""
    assert _hurried(tmp_path, {"ended": ["b", "a"]}) == ["b", "a"]


@pytest.mark.parametrize("told", [{"ended": []}, {"error": "ending"}, ConnectionRefusedError(), ValueError()])
def test_without_a_word_nothing_happens(told: dict[str, Any] | Exception, tmp_path: Path) -> None:
    """A supervisor that is silent or at its end is no error: rows are looked at within a minute all the same."""
    assert _hurried(tmp_path, told) == []

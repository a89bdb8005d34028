"""When the gateway calls itself ready: once there is something to sell, once."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from onebox.gateway.event import Request
from onebox.gateway.problems import Answer, Problem, as_json
from onebox.gateway.readiness import Readiness
from onebox.gateway.supervisor_line import SupervisorLine


class _Line(SupervisorLine):
    """Keeps what is asked, and fails while it is told to."""

    __slots__ = ("asked", "silent")

    asked: list[str]
    silent: bool

    def ask(self, operation: str) -> dict[str, Any]:
        if self.silent:
            raise ConnectionRefusedError
        self.asked.append(operation)
        return {}


@pytest.fixture
def line(tmp_path: Path) -> _Line:
    """A line to nobody."""
    made = _Line(path=tmp_path / "socket")
    object.__setattr__(made, "asked", [])
    object.__setattr__(made, "silent", False)
    return made


def _refuse(_request: Request) -> Answer:
    raise Problem(status=404, code="not_found", detail="Nothing.")


@pytest.mark.parametrize(
    "answer",
    [
        _refuse,
        lambda _: as_json({"types": []}),
        lambda _: as_json({"types": [{}]}, status=503),
        lambda _: as_json([]),
        lambda _: Answer(status=200, body=b"no json"),
    ],
)
def test_without_types_nothing_is_told(line: _Line, answer: Callable[[Request], Answer]) -> None:
    """A catalogue that is empty or does not answer is not ready."""
    Readiness(answer, line).tell()
    assert line.asked == []


def test_with_types_it_is_told_once(line: _Line) -> None:
    """The list is asked for as a guest would, and no more once the supervisor knows."""
    asked: list[str] = []

    def answer(request: Request) -> Answer:
        asked.append(f"{request.method} {request.path}")
        return as_json(json.loads('{"types": [{"name": "cpx22"}]}'))

    readiness = Readiness(answer, line)
    for _ in range(3):
        readiness.tell()
    assert (line.asked, asked) == (["ready"], ["GET /types"])


def test_a_supervisor_that_is_silent_is_told_again(line: _Line) -> None:
    """The word must arrive."""
    readiness = Readiness(lambda _: as_json({"types": [{}]}), line)
    object.__setattr__(line, "silent", True)
    readiness.tell()
    object.__setattr__(line, "silent", False)
    readiness.tell()
    assert line.asked == ["ready"]

"""Recorded calls are held against the policies, and a recording that cannot be read is no proof."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import check_recorded
import pytest
from lint import functions, recorded
from lint.recorded import Call
from lint.resolved import Stack


def everything_allowed(stack: Stack) -> list[Call]:
    """All that the functions may call."""
    allowed = functions.allowed(stack)
    return [Call(function=function, action=each) for function, actions in allowed.items() for each in actions]


def problems(stack: Stack, calls: Iterable[Call]) -> list[str]:
    """What is wrong with these calls."""
    return list(recorded.problems(stack, calls))


def test_calls_that_are_allowed(stack: Stack) -> None:
    """Nothing is wrong when all that is allowed was called, nor when only a part of it was."""
    calls = everything_allowed(stack)
    assert problems(stack, calls) == []
    assert problems(stack, calls[:1]) == []


def test_a_call_that_is_not_allowed(stack: Stack) -> None:
    """A call beyond a function's policy is named with its function, whichever of its names was recorded."""
    for name in ("APIHandler", "app.app", "app", "ccc-dev-api"):
        stray = Call(function=name, action="ses:SendEmail")
        assert problems(stack, [*everything_allowed(stack), stray]) == [
            "APIHandler called ses:SendEmail, which it may not"
        ]


def test_a_function_that_is_not_ours(stack: Stack) -> None:
    """A recording of something else is no proof of anything."""
    stranger = Call(function="ccc-prod-tick", action="dynamodb:GetItem")
    assert problems(stack, [*everything_allowed(stack), stranger]) == [
        "ccc-prod-tick is no function of ours, and called dynamodb:GetItem"
    ]


def test_lines_as_they_are_recorded() -> None:
    """Each line is a call, other members and repetitions do not matter, and a line that cannot be read is named."""
    line = json.dumps({"function": "tick", "action": "dynamodb:GetItem", "resource": "arn:…"})
    assert recorded.calls([line, "", line]) == {Call(function="tick", action="dynamodb:GetItem")}
    for bad in ("{", "[]", '{"function": "tick"}', '"tick"'):
        with pytest.raises(ValueError, match="line 2"):
            recorded.calls([line, bad])


def test_the_program(
    template: dict[str, Any], stack: Stack, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The program ends with 0 when every call is allowed; with 1 and the reason when one is not, or none was heard."""
    packaged, recording = tmp_path / "sam.json", tmp_path / "recorded.jsonl"
    packaged.write_text(json.dumps(template))
    lines = [json.dumps({"function": call.function, "action": call.action}) for call in everything_allowed(stack)]
    recording.write_text("\n".join(lines))
    assert check_recorded.main([str(packaged), str(recording)]) == 0
    recording.write_text("\n".join([*lines, '{"function": "app", "action": "dynamodb:DeleteItem"}']))
    assert check_recorded.main([str(packaged), str(recording)]) == 1
    recording.write_text("")
    assert check_recorded.main([str(packaged), str(recording)]) == 1
    assert capsys.readouterr().err == "APIHandler called dynamodb:DeleteItem, which it may not\nnothing was recorded\n"

"""Recorded calls and policies are held against each other, both ways."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import check_recorded
import pytest
from lint import functions, recorded
from lint.everything import stacks
from lint.recorded import Call
from lint.resolved import Stack


def complete(stack: Stack) -> Iterator[Call]:
    """What a whole life would call: everything that is allowed and has no reason not to be called."""
    for function, actions in functions.allowed(stack).items():
        if function not in recorded.STANDS_IN:
            yield from (Call(function=function, action=each) for each in actions - set(recorded.REASONS))


def problems(stack: Stack, calls: Iterable[Call]) -> list[str]:
    """What is wrong with these calls."""
    return list(recorded.problems(stack, calls))


def test_a_whole_life(stack: Stack) -> None:
    """Nothing is wrong when all that is allowed was called, or has a reason; who stands in needs no call."""
    assert problems(stack, complete(stack)) == []


def test_a_call_that_is_not_allowed(stack: Stack) -> None:
    """A call beyond a function's policy is named with its function, whichever of its names was recorded."""
    for name in ("APIHandler", "app.app", "app", "ccc-dev-api"):
        stray = Call(function=name, action="ses:SendEmail")
        assert problems(stack, [*complete(stack), stray]) == ["APIHandler called ses:SendEmail, which it may not"]


def test_a_right_that_is_not_used(stack: Stack) -> None:
    """A right that nobody used, and that has no reason, is named; what stands in has no use for it either."""
    calls = [call for call in complete(stack) if call.action != "dynamodb:DeleteItem"]
    assert problems(stack, calls) == [
        f"{function} may call dynamodb:DeleteItem, and never did" for function in ("Advance", "Reap", "Tick")
    ]


def test_who_stands_in(stack: Stack) -> None:
    """A call of the tick alone is no use of the worker's right."""
    calls = [call for call in complete(stack) if call.action != "dynamodb:DeleteItem"]
    found = problems(stack, [*calls, Call(function="Tick", action="dynamodb:DeleteItem")])
    assert "Advance may call dynamodb:DeleteItem, and never did" in found
    assert "Tick may call dynamodb:DeleteItem, and never did" not in found


def test_a_function_that_is_not_ours(stack: Stack) -> None:
    """A recording of something else is no proof of anything."""
    stranger = Call(function="ccc-prod-tick", action="dynamodb:GetItem")
    assert problems(stack, [*complete(stack), stranger]) == [
        "ccc-prod-tick is no function of ours, and called dynamodb:GetItem"
    ]


def test_lines_as_they_are_recorded() -> None:
    """Each line is a call, other members and repetitions do not matter, and a line that cannot be read is named."""
    line = json.dumps({"function": "tick", "action": "dynamodb:GetItem", "resource": "arn:…"})
    assert recorded.calls([line, "", line]) == {Call(function="tick", action="dynamodb:GetItem")}
    for bad in ("{", "[]", '{"function": "tick"}', '"tick"'):
        with pytest.raises(ValueError, match="line 2"):
            recorded.calls([line, bad])


def test_no_reason_is_left_over(template: dict[str, Any]) -> None:
    """Every reason is one for something that somebody may do; one that is for nothing is found."""
    ways = stacks(template, "dev")
    assert list(recorded.stale(ways)) == []
    found = list(recorded.stale(ways, {"s3:GetObject": "once upon a time"}))
    assert found == ["s3:GetObject has a reason and is not allowed to anybody"]


def test_the_program(
    template: dict[str, Any], stack: Stack, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The program reads both files, tells what is wrong and ends with 1; with nothing wrong it ends with 0."""
    packaged, recording = tmp_path / "sam.json", tmp_path / "recorded.jsonl"
    packaged.write_text(json.dumps(template))
    lines = [json.dumps({"function": call.function, "action": call.action}) for call in complete(stack)]
    recording.write_text("\n".join(lines))
    assert check_recorded.main([str(packaged), str(recording)]) == 0
    recording.write_text("\n".join([*lines, '{"function": "app", "action": "dynamodb:DeleteItem"}']))
    assert check_recorded.main([str(packaged), str(recording)]) == 1
    assert capsys.readouterr().err == "APIHandler called dynamodb:DeleteItem, which it may not\n"

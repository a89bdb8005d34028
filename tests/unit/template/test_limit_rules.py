"""A template that has grown beyond what AWS takes is found before it is deployed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from lint import limit_rules
from lint.resolved import Stack

LONG = "x" * 20_000

MISTAKES: list[tuple[str, Callable[[dict[str, Any]], Any], str]] = [
    ("a long policy", lambda all_: all_["TickRole"]["Properties"]["Policies"].append({"PolicyDocument": LONG}),
     "TickRole has policies of "),
    ("a long variable", lambda all_: all_["Tick"]["Properties"]["Environment"]["Variables"].update(CCC_TYPES=LONG),
     "Tick has an environment of "),
    ("many metrics", lambda all_: all_["AlarmSpendHigh"]["Properties"].update(Metrics=[{}] * 11),
     "AlarmSpendHigh looks at more than 10 metrics"),
    ("a long story", lambda all_: all_["AlarmSpendHigh"]["Properties"].update(AlarmDescription=LONG),
     "AlarmSpendHigh says more than 1024 characters"),
    ("a long template", lambda all_: all_.update(More={"Type": "A::B", "Properties": {"Text": LONG * 60}}),
     "the template has 1"),
    ("many resources", lambda all_: all_.update({f"More{n}": {"Type": "A::B"} for n in range(500)}),
     "the template has 5"),
]  # fmt: skip


def test_our_own_is_within_them(stack: Stack, template: dict[str, Any]) -> None:
    """The template that is deployed is within all limits."""
    assert list(limit_rules.problems(stack, template)) == []


@pytest.mark.parametrize(("plant", "said"), [each[1:] for each in MISTAKES], ids=[each[0] for each in MISTAKES])
def test_a_mistake(stack: Stack, template: dict[str, Any], plant: Callable[[dict[str, Any]], Any], said: str) -> None:
    """A planted mistake is named, and nothing else."""
    plant(template["Resources"])
    (problem,) = limit_rules.problems(stack, template)
    assert problem.startswith(said)

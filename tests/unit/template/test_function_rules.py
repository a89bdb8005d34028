"""What is wrong with a function of the template is found."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from lint import function_rules
from lint.resolved import Stack

MISTAKES: list[tuple[str, Callable[[dict[str, Any]], Any], str]] = [
    ("a function too few", lambda all_: all_.pop("Tick"), "the functions are ['APIHandler', 'Advance', 'MailFeedback'"),
    ("a shared role", lambda all_: all_["Tick"]["Properties"].update(Role=all_["Reap"]["Properties"]["Role"]),
     "two functions share a role"),
    ("a shared log", lambda all_: all_["Tick"]["Properties"]["LoggingConfig"].update(LogGroup={"Ref": "ReapLog"}),
     "two functions share a log group"),
    ("a log for ever", lambda all_: all_["TickLog"].update(Properties={}), "Tick has no log group with an end"),
    ("wrapped lines", lambda all_: all_["Tick"]["Properties"]["LoggingConfig"].update(LogFormat="JSON"),
     "Tick wraps its log lines, which are JSON already"),
    ("another name", lambda all_: all_["Advance"]["Properties"].update(FunctionName="worker"),
     "Advance is called worker, expected ccc-dev-advance"),
    ("another environment", lambda all_: all_["Tick"]["Properties"]["Environment"]["Variables"].update(CCC_X="9"),
     "two functions have different environments"),
    ("a second try", lambda all_: all_["Reap"]["Properties"]["EventInvokeConfig"].update(MaximumRetryAttempts=2),
     "Reap is tried again 2 times when it fails"),
    ("Lambda's own tries", lambda all_: all_["Tick"]["Properties"].pop("EventInvokeConfig"),
     "Tick is tried again None times when it fails"),
    ("no second try", lambda all_: all_["MailFeedback"]["Properties"].update(
        EventInvokeConfig={"MaximumRetryAttempts": 0}), "MailFeedback is tried again 0 times when it fails"),
    ("many at once", lambda all_: all_["Reap"]["Properties"].pop("ReservedConcurrentExecutions"),
     "Reap has the wrong concurrency"),
    ("one guest at a time", lambda all_: all_["APIHandler"]["Properties"].update(ReservedConcurrentExecutions=1),
     "APIHandler has the wrong concurrency"),
]  # fmt: skip


def test_our_own_are_right(stack: Stack) -> None:
    """The template that is deployed keeps the rules, whether the account can reserve concurrency or not."""
    unreserved = Stack(template=stack.template, name=stack.name, parameters={"ReserveConcurrency": "no"})
    assert [*function_rules.problems(stack), *function_rules.problems(unreserved)] == []


@pytest.mark.parametrize(("plant", "said"), [each[1:] for each in MISTAKES], ids=[each[0] for each in MISTAKES])
def test_a_mistake(stack: Stack, resources: dict[str, Any], plant: Callable[[dict[str, Any]], Any], said: str) -> None:
    """A planted mistake is named."""
    plant(resources)
    assert any(problem.startswith(said) for problem in function_rules.problems(stack))

"""What the functions called, held against what they may call.

A rehearsal writes a JSON object a line, `{"function": "ccc-dev-tick", "action": "dynamodb:GetItem"}`, for every call
that botocore made. Every action in it must be allowed to its function, and every action that is allowed must be in it
or have a reason here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from lint import functions
from lint.resolved import Stack

STANDS_IN: Mapping[str, str] = {"Tick": "Advance", "Reap": "Advance"}
"""Who does whatever another does when a nudge was lost: what the other called, these may call and need not have."""

REASONS: Mapping[str, str] = {
    "logs:CreateLogStream": "Lambda's own agent writes the log",
    "logs:PutLogEvents": "Lambda's own agent writes the log",
    "kms:Decrypt": "SSM calls it in the function's name",
    "sqs:SendMessage": "Lambda calls it in the function's name, when an event could not be worked in",
    "codebuild:StopBuild": "called when a build has to end: its guest has gone, or its time is over",
    "ecs:StopTask": "called when a task has to end: its guest has gone, or its time is over",
    "ecs:ListTasks": "called when a task may have been started and its ARN is not known",
    "iam:PassRole": "ECS holds RunTask against it",
}
"""Actions that may be allowed and not recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One action of one function, by whichever of its names the recorder knew."""

    function: str
    action: str


def calls(lines: Iterable[str]) -> frozenset[Call]:
    """What was recorded; ValueError with the number of a line that cannot be read."""
    found = set()
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                said = json.loads(line)
                found.add(Call(function=str(said["function"]), action=str(said["action"])))
            except (KeyError, TypeError, ValueError) as error:
                raise ValueError(f"line {number} is no recorded call") from error
    return frozenset(found)


def problems(stack: Stack, recorded: Iterable[Call], reasons: Mapping[str, str] = REASONS) -> Iterator[str]:
    """A sentence for every action that was recorded and is not allowed, or is allowed and was not recorded."""
    allowed = functions.allowed(stack)
    called: dict[str, set[str]] = {function: set() for function in allowed}
    for call in sorted(recorded, key=lambda each: (each.function, each.action)):
        try:
            called[functions.logical_id(stack, call.function)].add(call.action)
        except KeyError:
            yield f"{call.function} is no function of ours, and called {call.action}"
    for function, actions in sorted(allowed.items()):
        yield from (f"{function} called {action}, which it may not" for action in sorted(called[function] - actions))
        known = called[function] | called.get(STANDS_IN.get(function, ""), set()) | set(reasons)
        yield from (f"{function} may call {action}, and never did" for action in sorted(actions - known))


def stale(stacks: Iterable[Stack], reasons: Mapping[str, str] = REASONS) -> Iterator[str]:
    """A sentence for every reason that no function of any of these stacks has a use for."""
    allowed = {action for stack in stacks for actions in functions.allowed(stack).values() for action in actions}
    yield from (f"{action} has a reason and is not allowed to anybody" for action in sorted(set(reasons) - allowed))

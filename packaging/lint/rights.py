"""The rights of a packaged stack held against what its functions asked AWS for in their lives.

Each request must be allowed by its function's own policy, resource and conditions included. Each right (one action on
one resource of a policy) must have been used by that function, or have a reason of its own in `reasons.py`; a reason
for something that was used, or that nobody may, is a failure too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lint import functions, iam
from lint.recording import Recorded
from lint.requests import Request
from lint.resolved import Stack


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Right:
    """`function` may do `action` on what has the form of `resource`, as its policy says it."""

    function: str
    action: str
    resource: str

    def __str__(self) -> str:
        return f"{self.function}: {self.action} on {self.resource}"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Excused:
    """A right that needs no use: of one function, one action, and the resources that match `resource`."""

    function: str
    action: str
    resource: str = "*"

    def covers(self, right: Right) -> bool:
        """Whether a right is one of these."""
        return (right.function, right.action) == (self.function, self.action) and iam.matches(
            self.resource, right.resource
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """What the functions of a stack, set in one way, were recorded to ask."""

    stack: Stack
    recorded: tuple[Recorded, ...]

    def requests(self) -> Iterator[tuple[str, Request]]:
        """Function (by its logical id; KeyError for another stack's) and request, what is implied included."""
        for each in self.recorded:
            function = functions.logical_id(self.stack, each.function)
            yield function, each.request
            yield from ((function, implied) for implied in _implied(self.stack, each.request))


def problems(lives: Iterable[Life], reasons: Mapping[Excused, str]) -> Iterator[str]:
    """A sentence for every request that is not allowed, right that is not used, and reason that is for nothing."""
    rights: set[Right] = set()
    used: set[Right] = set()
    for life in lives:
        rights |= _rights(life.stack)
        for function, request in life.requests():
            found = _uses(life.stack, function, request)
            used |= found
            if not found:
                yield f"{function} asked for {_told(request)}, which it may not"
    unused = rights - used
    yield from (f"{each}: never used, and no reason why" for each in sorted(unused) if not _excused(each, reasons))
    for reason in sorted(reasons):
        covered = [each for each in rights if reason.covers(each)]
        if not covered:
            yield f"{reason.function}: {reason.action} on {reason.resource} has a reason and is no right"
        yield from (f"{each} has a reason and was used" for each in sorted(covered) if each in used)


def _rights(stack: Stack) -> set[Right]:
    return {
        Right(function=function, action=action, resource=resource)
        for function in stack.resources(functions.KIND)
        for each in functions.statements(stack, function)
        for action in functions.actions(each)
        for resource in functions.targets(each)
    }


def _uses(stack: Stack, function: str, request: Request) -> set[Right]:
    statements: list[dict[str, Any]] = functions.statements(stack, function)
    found = (target for each in statements for target in iam.targets_for(each, request))
    return {Right(function=function, action=request.action, resource=target) for target in found}


def _excused(right: Right, reasons: Mapping[Excused, str]) -> bool:
    return any(reason.covers(right) for reason in reasons)


def _implied(stack: Stack, request: Request) -> Iterator[Request]:
    """ECS asks whether who runs a task may hand over the roles of its definition."""
    if request.action == "ecs:RunTask":
        for definition in stack.resources("AWS::ECS::TaskDefinition").values():
            for role in ("ExecutionRoleArn", "TaskRoleArn"):
                if role in definition:
                    context = {"iam:PassedToService": "ecs-tasks.amazonaws.com"}
                    yield Request(action="iam:PassRole", resource=definition[role], context=context)


def _told(request: Request) -> str:
    keys = ", ".join(f"{key} {value}" for key, value in sorted(request.context.items()))
    return f"{request.action} on {request.resource}" + (f" ({keys})" if keys else "")

"""Builders: a stack has one kind, and its resources, its functions' setting and their rights agree on which.

There is no stack with both and none without: the parameter that chooses has two values.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lint import functions
from lint.resolved import Stack

RESOURCES: Mapping[str, frozenset[str]] = {
    "codebuild": frozenset({"AWS::CodeBuild::Project"}),
    "fargate": frozenset({"AWS::ECS::Cluster", "AWS::ECS::TaskDefinition"}),
}
RIGHTS: Mapping[str, str] = {"codebuild": "codebuild:", "fargate": "ecs:"}
SETTING = "CCC_BUILDER"
USERS = frozenset({"Advance", "Tick", "Reap"})
"""The functions that start, look at and stop builders."""


def problems(stack: Stack) -> Iterator[str]:
    """A sentence for everything in which a stack's parts do not agree on its builder."""
    chosen = stack.reference("Builder")
    for kind, resources in RESOURCES.items():
        for resource in sorted(resources):
            if bool(stack.resources(resource)) is not (kind == chosen):
                yield f"a stack with {chosen} has {len(stack.resources(resource))} of {resource}"
    for name, function in stack.resources(functions.KIND).items():
        scheme = str(function["Environment"]["Variables"][SETTING]).partition(":")[0]
        if scheme != chosen:
            yield f"{name} starts builders by {scheme} in a stack with {chosen}"
        yield from (f"{name} {problem}" for problem in _rights(stack, name, chosen))


def _rights(stack: Stack, function: str, chosen: str) -> Iterator[str]:
    allowed = functions.allowed(stack)[function]
    for kind, service in RIGHTS.items():
        may = any(action.startswith(service) for action in allowed)
        if may is not (kind == chosen and function in USERS):
            yield f"{'may' if may else 'may not'} use {kind} in a stack with {chosen}"

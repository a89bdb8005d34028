"""The functions of a template: what they are called, what role they have, what that role allows.

A function goes by three names: its logical id (`Tick`), its handler (`app.tick`) and, once deployed, `ccc-prod-tick`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lint.resolved import Stack

KIND = "AWS::Serverless::Function"
DEPLOYED = {
    "APIHandler": "api",
    "Advance": "advance",
    "Tick": "tick",
    "Reap": "reap",
    "MailFeedback": "mail-feedback",
}
"""What is expected: logical ids and what follows the stack's name and a hyphen in the deployed name."""


def logical_id(stack: Stack, name: str) -> str:
    """The logical id of a function, by any of its names; KeyError."""
    functions = stack.resources(KIND)
    for found, properties in functions.items():
        handler = str(properties["Handler"])
        if name in {found, properties["FunctionName"], handler, handler.removeprefix("app.")}:
            return found
    raise KeyError(name)


def statements(stack: Stack, function: str) -> list[dict[str, Any]]:
    """What a function's role allows in this stack."""
    role = stack.template["Resources"][function]["Properties"]["Role"]["Fn::GetAtt"][0]
    policies = stack.resources("AWS::IAM::Role")[role]["Policies"]
    return [statement for policy in policies for statement in policy["PolicyDocument"]["Statement"]]


def allowed(stack: Stack) -> dict[str, frozenset[str]]:
    """The actions that each function may call, by its logical id."""
    return {
        function: frozenset(action for each in statements(stack, function) for action in actions(each))
        for function in stack.resources(KIND)
    }


def actions(statement: Mapping[str, Any]) -> Iterator[str]:
    """The actions of a statement, of which there may be one or a list."""
    found = statement["Action"]
    yield from [found] if isinstance(found, str) else found


def targets(statement: Mapping[str, Any]) -> Iterator[str]:
    """The resources of a statement, of which there may be one or a list."""
    found = statement["Resource"]
    yield from [found] if isinstance(found, str) else found

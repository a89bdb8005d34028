"""The functions of a template as Lambda knows them: name, handler, time, environment, how many at once, which retries.

Which environment this machine adds is the caller's matter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from onebox.aws.template import Template

KIND = "AWS::Serverless::Function"
MOST_AT_ONCE = 8
"""Environments of one function where the template reserves none: this machine is smaller than a region."""

MOST_RETRIES = 2
"""Lambda's own, for asynchronous invocations that a function failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """`timeout` in seconds; `at_once` is how many invocations may go on at a time; `retries` of asynchronous ones.

    `short` is the name without the stack's, by which processes and logs are told apart: `advance`.
    """

    logical: str
    short: str
    name: str
    arn: str
    handler: str
    timeout: float
    memory: int
    environment: Mapping[str, str] = field(repr=False)
    at_once: int = MOST_AT_ONCE
    retries: int = MOST_RETRIES


def functions(template: Template) -> dict[str, Function]:
    """All functions by logical id."""
    return {logical: _function(template, logical, each) for logical, each in template.of_type(KIND).items()}


def by_handler(found: Mapping[str, Function], handler: str) -> Function:
    """The function with a handler (`app.advance`); KeyError when there is none."""
    for each in found.values():
        if each.handler == handler:
            return each
    raise KeyError(handler)


def _function(template: Template, logical: str, given: Mapping[str, Any]) -> Function:
    reserved = given.get("ReservedConcurrentExecutions")
    invoked = given.get("EventInvokeConfig", {})
    variables = given.get("Environment", {}).get("Variables", {})
    return Function(
        logical=logical,
        short=template.name(logical).removeprefix(f"{template.stack}-").lower(),
        name=template.name(logical),
        arn=template.arn(logical),
        handler=given["Handler"],
        timeout=float(given.get("Timeout", 3)),
        memory=int(given.get("MemorySize", 128)),
        environment={name: str(value) for name, value in variables.items()},
        at_once=MOST_AT_ONCE if reserved is None else min(int(reserved), MOST_AT_ONCE),
        retries=int(invoked.get("MaximumRetryAttempts", MOST_RETRIES)),
    )

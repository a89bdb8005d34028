"""Functions: named as others expect, each with its own role and log, retries as the work allows, one environment.

What the environment must say is the product's matter (`chalicelib.config`); that all functions say the same is ours.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from lint.functions import DEPLOYED, KIND
from lint.resolved import Stack

ALONE = ("Tick", "Reap")
"""One at a time, where the account's quota allows to say so."""

REPEATED = ("MailFeedback",)
"""Tried again when they fail, since what they were told is written down nowhere else."""


def problems(stack: Stack) -> Iterator[str]:
    """A sentence for everything that is wrong with the functions of a stack."""
    functions = stack.resources(KIND)
    if set(functions) != set(DEPLOYED):
        yield f"the functions are {sorted(functions)}, expected {sorted(DEPLOYED)}"
        return
    roles = {json.dumps(properties["Role"]) for properties in functions.values()}
    if len(roles) != len(functions):
        yield "two functions share a role"
    groups = {properties.get("LoggingConfig", {}).get("LogGroup") for properties in functions.values()}
    if len(groups) != len(functions):
        yield "two functions share a log group"
    if len({json.dumps(properties["Environment"], sort_keys=True) for properties in functions.values()}) != 1:
        yield "two functions have different environments"
    for name, properties in functions.items():
        yield from (f"{name} {problem}" for problem in _one(stack, name, properties))


def _one(stack: Stack, name: str, properties: dict[str, Any]) -> Iterator[str]:
    expected = f"{stack.name}-{DEPLOYED[name]}"
    if properties.get("FunctionName") != expected:
        yield f"is called {properties.get('FunctionName')}, expected {expected}"
    logging = properties.get("LoggingConfig", {})
    kept = {group["name"]: group["days"] for group in _log_groups(stack)}
    if not kept.get(logging.get("LogGroup")):
        yield "has no log group with an end"
    if logging.get("LogFormat") != "Text":
        yield "wraps its log lines, which are JSON already"  # metric filters look for our members at the top
    retries = properties.get("EventInvokeConfig", {}).get("MaximumRetryAttempts")
    if name != "APIHandler" and (retries is None or bool(retries) is not (name in REPEATED)):
        yield f"is tried again {retries} times when it fails"
    if (properties.get("ReservedConcurrentExecutions") == 1) is not (name in ALONE and stack.holds("Reserves")):
        yield "has the wrong concurrency"


def _log_groups(stack: Stack) -> Iterator[dict[str, Any]]:
    for name, properties in stack.resources("AWS::Logs::LogGroup").items():
        yield {"name": stack.reference(name), "days": properties.get("RetentionInDays")}

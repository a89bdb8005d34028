"""An API that logs too much, or is not throttled, is found."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from lint import api_rules
from lint.resolved import Stack


def properties(all_: dict[str, Any]) -> dict[str, Any]:
    """The API's properties."""
    found: dict[str, Any] = all_["RestAPI"]["Properties"]
    return found


def log(text: str) -> Callable[[dict[str, Any]], None]:
    """Plant an access log of this form."""
    return lambda all_: properties(all_)["AccessLogSetting"].update(Format=text)


MISTAKES: list[tuple[str, Callable[[dict[str, Any]], Any], str]] = [
    ("a path", log("$context.requestId $context.path"), "the access log may not hold $context.path"),
    ("an address", log("$context.requestId $context.identity.sourceIp"),
     "the access log may not hold $context.identity.sourceIp"),
    ("a header", log("$context.requestId ${input.params.header.Authorization}"),
     "the access log may not hold $input.params.header.Authorization"),
    ("no id", log("$context.status"), "the access log has no request id"),
    ("a second stage", lambda all_: properties(all_).pop("OpenApiVersion"),
     "RestAPI: SAM will make a second stage, called Stage"),
    ("no throttle", lambda all_: properties(all_).update(MethodSettings=[]), "the stage has no throttle"),
    ("a loose route", lambda all_: properties(all_)["MethodSettings"][1].update(ThrottlingRateLimit=100),
     "POST /instances is not held tighter than the rest"),
    ("a route of old", lambda all_: properties(all_)["MethodSettings"][1].update(ResourcePath="/~1boxes"),
     "POST /boxes is throttled and not there"),
    ("execution logs", lambda all_: properties(all_)["MethodSettings"][0].update(LoggingLevel="INFO"),
     "* /*: execution logs are on"),
    ("bodies in logs", lambda all_: properties(all_)["MethodSettings"][0].update(DataTraceEnabled=True),
     "* /*: execution logs are on"),
]  # fmt: skip


def test_our_own_is_right(stack: Stack) -> None:
    """The API that is deployed keeps the rules."""
    assert list(api_rules.problems(stack)) == []


@pytest.mark.parametrize(("plant", "said"), [each[1:] for each in MISTAKES], ids=[each[0] for each in MISTAKES])
def test_a_mistake(stack: Stack, resources: dict[str, Any], plant: Callable[[dict[str, Any]], Any], said: str) -> None:
    """A planted mistake is named."""
    plant(resources)
    assert said in api_rules.problems(stack)

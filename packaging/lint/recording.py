"""What a recorder writes of a function's requests to IAM, one JSON object a line, and how it is read again."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from lint.requests import Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One request of one function, by whichever of its names the recorder knew."""

    function: str
    request: Request


def line_of(function: str, request: Request) -> str:
    """The line of a request; equal requests have equal lines."""
    return json.dumps(
        {
            "function": function,
            "action": request.action,
            "resource": request.resource,
            "context": dict(request.context),
        },
        sort_keys=True,
    )


def read(lines: Iterable[str]) -> tuple[Recorded, ...]:
    """Each different request once, in order; ValueError with the number of a line that cannot be read."""
    found: dict[str, Recorded] = {}
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                said = _recorded(json.loads(line))
            except (AttributeError, KeyError, TypeError, ValueError) as error:
                raise ValueError(f"line {number} is no recorded request") from error
            found.setdefault(line_of(said.function, said.request), said)
    return tuple(found.values())


def _recorded(said: dict[str, object]) -> Recorded:
    context = said["context"]
    if not isinstance(context, dict):
        raise TypeError("a context is an object")
    request = Request(action=str(said["action"]), resource=str(said["resource"]), context=context)
    return Recorded(function=str(said["function"]), request=request)

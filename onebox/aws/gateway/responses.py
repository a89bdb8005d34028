"""API Gateway's answers of its own, in the shape that the template gives them (`GatewayResponses`).

Source: "Gateway response types" in AWS's API Gateway developer guide. Of the templates' language only `$context.…` is
known, which is all that ours use.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from onebox.gateway.event import Request
from onebox.gateway.problems import Answer

_STATUS = {
    "MISSING_AUTHENTICATION_TOKEN": (403, "Missing Authentication Token"),
    "REQUEST_TOO_LARGE": (413, "Request Too Long"),
    "THROTTLED": (429, "Too Many Requests"),
    "INTEGRATION_FAILURE": (504, "Network error communicating with endpoint"),
    "INTEGRATION_TIMEOUT": (504, "Endpoint request timed out"),
    "DEFAULT_5XX": (502, "Internal server error"),
}
"""What API Gateway says of each kind by itself. A function that failed, or answered nonsense, is a DEFAULT_5XX."""

_CONTEXT = re.compile(r"\$?context\.([A-Za-z.]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayResponses:
    """`given` are the template's."""

    given: Mapping[str, Any]

    def answer(self, kind: str, request: Request) -> Answer:
        """The answer of a kind; KeyError for a kind that this gateway never has."""
        status, message = _STATUS[kind]
        told = self.given.get(kind) or self.given.get(f"DEFAULT_{str(status)[0]}XX") or {}
        variables = {"requestId": request.id, "error.message": message, "error.messageString": json.dumps(message)}
        headers = {
            name: _value(text, variables)
            for name, text in told.get("ResponseParameters", {}).get("Headers", {}).items()
        }
        text = told.get("ResponseTemplates", {}).get("application/json", '{"message":$context.error.messageString}')
        named = {"Content-Type": "application/json", **headers}
        return Answer(
            status=int(told.get("StatusCode", status)),
            headers=tuple(named.items()),
            body=_CONTEXT.sub(lambda match: variables.get(match[1], ""), text).encode(),
        )


def _value(text: str, variables: Mapping[str, str]) -> str:
    """A mapping expression: a literal in single quotes, or `context.…`."""
    if text.startswith("'"):
        return text[1:-1]
    match = _CONTEXT.fullmatch(text)
    return variables.get(match[1], "") if match else ""

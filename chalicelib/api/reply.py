"""How an answer is written: compact JSON with its type, and the headers a view adds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from chalice.app import Response

JSON = "application/json"
PROBLEM = "application/problem+json"

_RENAMED = {413: "Content Too Large", 422: "Unprocessable Content"}
"""RFC 9110's names; Python before 3.13 has those of earlier standards, and an answer must not depend on it."""


def phrase(status: int) -> str:
    """The name of a status, such as `Not Found`."""
    return _RENAMED.get(status) or HTTPStatus(status).phrase


def reply(
    document: Mapping[str, Any], *, status: int = 200, kind: str = JSON, headers: Mapping[str, str] | None = None
) -> Response:
    """An answer with a JSON document, in ASCII so that no gateway has to know its encoding."""
    text = json.dumps(document, separators=(",", ":"), allow_nan=False)
    return Response(body=text, status_code=status, headers={"Content-Type": kind, **(headers or {})})


def empty(status: int, headers: Mapping[str, str] | None = None) -> Response:
    """An answer without a body: 304 and 204."""
    return Response(body="", status_code=status, headers={"Content-Type": JSON, **(headers or {})})

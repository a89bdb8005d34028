"""An HTTP request as the event that API Gateway (REST, proxy integration) sends to Lambda, and the answer back.

Sources of the shapes: the AWS documentation on Lambda proxy integration, and what Chalice 1.34 reads of them.
`X-Forwarded-For` is not looked at: the caller is the peer.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote

from onebox.gateway.problems import Answer
from onebox.gateway.routes import Match


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request: `path` is as sent (percent-encoded, no query), header names are lower-case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    peer: str
    id: str


def event_of(request: Request, match: Match) -> dict[str, Any]:
    """The event; HEAD travels as GET, as it must be answered like one."""
    method = "GET" if request.method == "HEAD" else request.method
    query = parse_qs(request.query, keep_blank_values=True) or None
    body, encoded = _body(request.body)
    return {
        "resource": match.resource,
        "path": unquote(request.path),
        "httpMethod": method,
        "headers": dict(request.headers),
        "multiValueHeaders": {name: [value] for name, value in request.headers.items()},
        "queryStringParameters": query and {name: values[-1] for name, values in query.items()},
        "multiValueQueryStringParameters": query,
        "pathParameters": match.values or None,
        "stageVariables": None,
        "requestContext": {
            "httpMethod": method,
            "resourcePath": match.resource,
            "path": request.path,
            "stage": "onebox",
            "requestId": request.id,
            "identity": {"sourceIp": request.peer, "userAgent": request.headers.get("user-agent")},
        },
        "body": body,
        "isBase64Encoded": encoded,
    }


def answer_of(response: Mapping[str, Any]) -> Answer:
    """The HTTP answer of what the application returned."""
    headers = [(name, str(value)) for name, value in (response.get("headers") or {}).items()]
    for name, values in (response.get("multiValueHeaders") or {}).items():
        headers.extend((name, str(value)) for value in values)
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", "application/json"))  # as API Gateway does
    return Answer(status=int(response["statusCode"]), headers=tuple(headers), body=_bytes(response))


def _body(body: bytes) -> tuple[str | None, bool]:
    if not body:
        return None, False
    try:
        return body.decode("utf-8"), False
    except UnicodeDecodeError:
        return base64.b64encode(body).decode("ascii"), True


def _bytes(response: Mapping[str, Any]) -> bytes:
    body = response.get("body")
    if body is None:
        return b""
    if response.get("isBase64Encoded"):
        return base64.b64decode(body)
    return body if isinstance(body, bytes) else str(body).encode("utf-8")

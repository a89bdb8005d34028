"""An HTTP request as API Gateway's event (REST API, proxy integration, format 1.0), and the answer back.

Sources: "Input format of a Lambda function for proxy integration", "Binary media types" and "Important notes" (headers
that are remapped) in AWS's API Gateway developer guide.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import parse_qs, unquote

from onebox.aws.template import ACCOUNT
from onebox.gateway.event import Request
from onebox.gateway.problems import Answer
from onebox.gateway.routes import Match

_REMAPPED = {"connection", "date", "server", "www-authenticate"}
"""Headers of an integration's answer that come out as `x-amzn-Remapped-…`."""

_DROPPED = {"content-length", "transfer-encoding"}


def event_of(request: Request, match: Match, *, stage: str, binary: Collection[str]) -> dict[str, Any]:
    """The event; `path` is without the stage, which is in the request's context."""
    headers = {**request.headers, **_added(request)}
    query = parse_qs(request.query, keep_blank_values=True) or None
    body, encoded = _body(request, binary)
    return {
        "resource": match.resource,
        "path": unquote(request.path),
        "httpMethod": request.method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": query and {name: values[-1] for name, values in query.items()},
        "multiValueQueryStringParameters": query,
        "pathParameters": match.values or None,
        "stageVariables": None,
        "requestContext": _context(request, match, stage),
        "body": body,
        "isBase64Encoded": encoded,
    }


def answer_of(response: Mapping[str, Any]) -> Answer:
    """The HTTP answer of what the function returned; ValueError, KeyError or TypeError when that is none."""
    headers = [(name, str(value)) for name, value in (response.get("headers") or {}).items()]
    for name, values in (response.get("multiValueHeaders") or {}).items():
        headers.extend((name, str(value)) for value in values)
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", "application/json"))
    kept = [(_renamed(name), value) for name, value in headers if name.lower() not in _DROPPED]
    return Answer(status=int(response["statusCode"]), headers=tuple(kept), body=_bytes(response))


def _renamed(name: str) -> str:
    return f"x-amzn-Remapped-{name}" if name.lower() in _REMAPPED else name


def _added(request: Request) -> dict[str, str]:
    host = request.headers.get("host", "")
    before = f"{told}, " if (told := request.headers.get("x-forwarded-for")) else ""
    return {
        "x-forwarded-for": f"{before}{request.peer}",
        "x-forwarded-port": host.rpartition(":")[2] if ":" in host else "443",
        "x-forwarded-proto": "https",
        "x-amzn-trace-id": f"Root=1-{int(time.time()):08x}-{request.id.replace('-', '')[:24]}",  # noqa: TID251 -- as AWS
    }


def _context(request: Request, match: Match, stage: str) -> dict[str, Any]:
    now = time.time()  # noqa: TID251 -- AWS's own clock, which no stack can move
    return {
        "accountId": ACCOUNT,
        "apiId": "onebox",
        "domainName": request.headers.get("host", ""),
        "extendedRequestId": request.id,
        "httpMethod": request.method,
        "identity": {"sourceIp": request.peer, "userAgent": request.headers.get("user-agent")},
        "path": f"/{stage}{request.path}",
        "protocol": "HTTP/1.1",
        "requestId": request.id,
        "requestTime": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(now)),
        "requestTimeEpoch": int(now * 1000),
        "resourcePath": match.resource,
        "stage": stage,
    }


def _body(request: Request, binary: Collection[str]) -> tuple[str | None, bool]:
    if not request.body:
        return None, False
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in binary or "*/*" in binary:
        return base64.b64encode(request.body).decode("ascii"), True
    return request.body.decode("utf-8", "replace"), False


def _bytes(response: Mapping[str, Any]) -> bytes:
    body = response.get("body")
    if body is None:
        return b""
    if response.get("isBase64Encoded"):
        return base64.b64decode(body)
    if not isinstance(body, str):
        raise TypeError("the body of an answer is a text")
    return body.encode("utf-8")

"""The gateway as a WSGI application: limits, request ids, HEAD; then one box's own pages, then the product.

The product is mounted under the path of the public URL (`prefix`, empty or `/like-this`).
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from email.utils import format_datetime
from http import HTTPStatus
from typing import Any

from chalicelib.api.browsing import wants_page
from onebox.gateway.event import Request
from onebox.gateway.problems import Answer, Problem, no_such_path

MAX_BODY_BYTES = 1024 * 1024
"""What the gateway lets through; the product's own limit is lower (API Gateway's is higher: 10 MB)."""

_log = logging.getLogger("ccc.gateway")

Handler = Callable[[Request], Answer | None]
"""Answers a request, says None when it is not its own, or raises Problem."""

Shown = Callable[[Answer], Answer]
"""Makes a page of a problem document, with the same status and headers."""

_AS_PAGE = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED})
"""What a person meets who mistypes an address or comes by an old link."""


class Gateway:
    """Asks each handler in turn; the first answer counts. The Date of answers is the shared clock's, `now`.

    `page` shows a refusal to people; without it they get the document, as programs do.
    """

    def __init__(
        self,
        handlers: Sequence[Handler],
        prefix: str = "",
        now: Callable[[], datetime] | None = None,
        *,
        page: Shown | None = None,
    ) -> None:
        self._handlers = tuple(handlers)
        self._prefix = prefix
        self._now = now
        self._page = page

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """WSGI (PEP 3333)."""
        request_id = str(uuid.uuid4())
        try:
            answer = self._found(environ, request_id)
        except Exception:  # noqa: BLE001 -- the server must answer whatever happens; the log says what
            _log.exception("gateway.failed", extra={"fields": {"request_id": request_id}})
            answer = Problem(status=500, code="internal", detail="Something went wrong here.").answer(request_id)
        date = [] if self._now is None else [("Date", format_datetime(self._now(), usegmt=True))]
        start_response(_status_line(answer.status), [*_headers(answer, request_id), *date])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [answer.body]

    def _found(self, environ: dict[str, Any], request_id: str) -> Answer:
        """A handler's answer, or our refusal."""
        try:
            return _way_in(environ, self._prefix) or self._answer(_request(environ, request_id, self._prefix))
        except Problem as problem:
            return self._refusal(problem.answer(request_id), _request_headers(environ))

    def _answer(self, request: Request) -> Answer:
        for handler in self._handlers:
            answer = handler(request)
            if answer is not None:
                return answer
        raise no_such_path()

    def _refusal(self, refused: Answer, headers: dict[str, str]) -> Answer:
        """The refusal as a page, where a person looks at it and it is one that a person meets."""
        if self._page is None or refused.status not in _AS_PAGE or not wants_page(headers.get):
            return refused
        return self._page(refused)


def _way_in(environ: dict[str, Any], prefix: str) -> Answer | None:
    """The way from the root, which a person types, to a service that is mounted below it; None for all else."""
    if not prefix or environ["REQUEST_METHOD"] not in {"GET", "HEAD"} or _target(environ) != "/":
        return None
    return Answer(status=HTTPStatus.TEMPORARY_REDIRECT, headers=(("Location", f"{prefix}/"),))


def _request(environ: dict[str, Any], request_id: str, prefix: str) -> Request:
    path, _, query = _target(environ).partition("?")
    return Request(
        method=environ["REQUEST_METHOD"],
        path=_below(prefix, path),
        query=query,
        headers=_request_headers(environ),
        body=_body(environ),
        peer=environ.get("REMOTE_ADDR", ""),
        id=request_id,
    )


def _target(environ: dict[str, Any]) -> str:
    """The request target as it was sent; of an absolute one (a proxy's), the part behind the host."""
    target: str = environ["REQUEST_URI"]
    if target.startswith("/"):
        return target
    _, _, rest = target.partition("://")
    return "/" + rest.partition("/")[2]


def _below(prefix: str, path: str) -> str:
    if not prefix:
        return path
    if path != prefix and not path.startswith(prefix + "/"):
        raise no_such_path()
    return path.removeprefix(prefix) or "/"


def _request_headers(environ: dict[str, Any]) -> dict[str, str]:
    headers = {
        name.removeprefix("HTTP_").replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(name):
            headers[name.replace("_", "-").lower()] = environ[name]
    return headers


def _body(environ: dict[str, Any]) -> bytes:
    length = int(environ.get("CONTENT_LENGTH") or 0)
    if length > MAX_BODY_BYTES:
        raise Problem(status=413, code="too_large", detail="The request's body is too large.")
    body: bytes = environ["wsgi.input"].read(length) if length else b""
    return body


def _status_line(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"{status} Unknown"


def _headers(answer: Answer, request_id: str) -> list[tuple[str, str]]:
    named = {name.lower() for name, _ in answer.headers}
    headers = [(name, value) for name, value in answer.headers if name.lower() != "content-length"]
    headers.append(("Content-Length", str(len(answer.body))))
    if "x-request-id" not in named:
        headers.append(("X-Request-Id", request_id))
    return headers

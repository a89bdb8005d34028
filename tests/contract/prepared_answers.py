"""A server of prepared answers over HTTP: it gives them in their order, the last one for ever.

What a request must be and what is kept of it is each protocol's own: `codebuild_answers.py` for AWS's JSON 1.1
services, `rest_answers.py` for those that are REST.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any, TypeVar

from tests.quiet_server import QuietServer


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer; without a status the connection is closed instead."""

    status: int | None = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request as it arrived; header names are in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class PreparedServer(QuietServer):
    """Gives its answers to POST requests; `content_type` goes with each that names none."""

    content_type = "application/json"

    def __init__(self, *answers: Answer) -> None:
        super().__init__(_Handler)
        self.prepared = list(answers)

    def answer(self, asked: Asked) -> Answer:  # noqa: ARG002 -- those that judge a request look at it
        """The next answer."""
        return self.prepared.pop(0) if len(self.prepared) > 1 else self.prepared[0]


class _Handler(BaseHTTPRequestHandler):
    server: PreparedServer

    def do_POST(self) -> None:
        """Give the answer to one request."""
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(headers.get("content-length") or 0))
        answer = self.server.answer(Asked(method="POST", path=self.path, headers=headers, body=body))
        if answer.status is None:
            return
        self.send_response(answer.status)
        for name, value in {"Content-Type": self.server.content_type, **answer.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, *_: Any, **__: Any) -> None:
        """Say nothing."""


_Server = TypeVar("_Server", bound=PreparedServer)


@contextmanager
def prepared(server: _Server) -> Iterator[tuple[_Server, str]]:
    """The server while it serves, and its URL."""
    with server:
        yield server, server.root

"""A server of prepared answers, byte for byte as AWS's JSON 1.1 services send them; it keeps what it was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.quiet_server import QuietServer


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer; without a status the connection is closed instead."""

    status: int | None = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)


def refusal(code: str, message: str = "", status: int = 400, **fields: Any) -> Answer:
    """An exception of a service."""
    return Answer(status=status, body=json.dumps({"__type": code, "message": message, **fields}).encode())


def document(**fields: Any) -> Answer:
    """A document."""
    return Answer(body=json.dumps(fields).encode())


LOST = Answer(status=None)
"""The request arrives and no answer does."""


class Answers(QuietServer):
    """Gives its answers in their order, the last one for ever; `asked` holds targets and documents."""

    def __init__(self, *answers: Answer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.prepared = list(answers)
        self.asked: list[tuple[str, dict[str, Any]]] = []

    @property
    def operations(self) -> list[str]:
        """The names of the operations that were asked for, in their order."""
        return [target.partition(".")[2] for target, _ in self.asked]


class _Handler(BaseHTTPRequestHandler):
    server: Answers

    def do_POST(self) -> None:
        """Keep the request and give the next answer."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append((self.headers["X-Amz-Target"], json.loads(body)))
        prepared = self.server.prepared
        answer = prepared.pop(0) if len(prepared) > 1 else prepared[0]
        if answer.status is None:
            return
        self.send_response(answer.status)
        for name, value in {"Content-Type": "application/x-amz-json-1.1", **answer.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the base class's name
        """Say nothing."""


@contextmanager
def answering(*answers: Answer) -> Iterator[tuple[Answers, str]]:
    """A server with these answers and its URL."""
    with Answers(*answers) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield server, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()

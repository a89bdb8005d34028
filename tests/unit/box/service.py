"""A service that answers a machine whatever a test wants, honest or hostile, and keeps what it was asked."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.quiet_server import QuietServer

NOON = datetime(2030, 1, 31, 12, 0, 0, tzinfo=UTC)
"""The time of the service, and of a machine's own clock, unless a test moves them."""


def written(moment: datetime) -> str:
    """A moment as the service writes it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request; header names are lower-case."""

    method: str
    path: str
    headers: dict[str, str]
    body: str


@dataclass(slots=True, kw_only=True)
class Answer:
    """What is sent; `date` None sends no Date, `raw` replaces everything on the wire, `meanwhile` comes first."""

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    date: datetime | None = NOON
    raw: bytes | None = None
    meanwhile: Callable[[], object] | None = None


@dataclass(slots=True)
class Service:
    """`answers` are used up one a request, the last one for good."""

    port: int
    answers: list[Answer] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)

    @property
    def url(self) -> str:
        """What a record calls `api_url`."""
        return f"http://127.0.0.1:{self.port}"

    def says(self, *answers: Answer) -> None:
        """Answer this from now on."""
        self.answers[:] = answers

    def tells(self, left: timedelta | None, *, hours_left: Any = 0, now: datetime = NOON, **more: Any) -> str | None:
        """Answer with an end that is so far away (None: no end yet), and return it as it is written."""
        end = None if left is None else written(now + left)
        self.says(self.honest(end, hours_left=hours_left, date=now, **more))
        return end

    @staticmethod
    def honest(end: object, *, hours_left: Any = 0, **more: Any) -> Answer:
        """The service's true form of an answer."""
        return Answer(body=json.dumps({"expires_at": end, "hours_left": hours_left}).encode(), **more)

    @staticmethod
    def problem(status: int, code: str = "some_code", detail: object = "A sentence of the service.") -> Answer:
        """A refusal in the service's form."""
        document = {"type": "about:blank", "status": status, "code": code, "detail": detail}
        return Answer(status=status, body=json.dumps(document).encode())

    def answer(self, asked: Asked) -> Answer:
        """Keep a request and take the next answer."""
        self.asked.append(asked)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def _handler(serve: Callable[[Asked], Answer]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            headers = {name.lower(): value for name, value in self.headers.items()}
            answer = serve(Asked(method=self.command, path=self.path, headers=headers, body=body))
            if answer.meanwhile is not None:
                answer.meanwhile()
            if answer.raw is not None:
                self.wfile.write(answer.raw)
                return
            self.send_response_only(answer.status)
            if answer.date is not None:
                self.send_header("Date", format_datetime(answer.date, usegmt=True))
            for name, value in ({"Content-Length": str(len(answer.body))} | answer.headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    return Handler


@contextmanager
def serving() -> Iterator[Service]:
    """A service on a free port that knows of no end yet."""
    service = Service(0)
    service.tells(None)
    with QuietServer(_handler(service.answer)) as server:
        service.port = server.server_port
        yield service

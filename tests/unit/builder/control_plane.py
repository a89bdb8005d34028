"""A small real control plane: answers claims and reports from a script and remembers all that it was told."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.quiet_server import QuietServer

LOST = 0
"""A status that means: take the request, then hang up without an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One scripted answer."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"{}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One request as it came."""

    path: str
    authorization: str
    body: dict[str, Any]
    size: int


class ControlPlane:
    """Listens on an ephemeral port; a phase or outcome without a script is answered with 200."""

    def __init__(self) -> None:
        self.told: list[Told] = []
        self.order: dict[str, Any] = {}
        self.when: dict[str, Callable[[], object]] = {}
        self.knows_steps = True
        self.observe: Callable[[Told], object] = bool
        self._scripts: dict[str, deque[Answer]] = {}
        self._begun: set[str] = set()
        self._about: list[str] = []
        self._server = QuietServer(_handler(self))
        self._server.start()
        self.url = f"{self._server.root}/api"

    def script(self, what: str, *answers: Answer) -> None:
        """Answer the next requests about `what` ("claim", "step", a phase, an outcome) like this, in this order."""
        self._scripts.setdefault(what, deque()).extend(answers)

    def answer(self, told: Told) -> Answer:
        """The answer to a request that came."""
        what = self._what(told)
        self.told.append(told)
        self._about.append(what)
        self.observe(told)
        queue = self._scripts.get(what)
        if queue:
            return queue.popleft()
        if not self.knows_steps and "step" in told.body:
            return Answer(status=422)
        self._begun.add(what)
        self.when.get(what, bool)()
        return Answer(body=json.dumps(self.order).encode()) if what == "claim" else Answer()

    def _what(self, told: Told) -> str:
        """What a request is about; "step" when it says only how a phase goes on that was begun before."""
        about = str(told.body.get("phase") or told.body.get("outcome") or "claim")
        return "step" if "step" in told.body and about in self._begun else about

    @property
    def heard(self) -> list[str]:
        """What all requests were about, in order, but for steps within a phase."""
        return [what for what in self._about if what != "step"]

    @property
    def steps(self) -> list[tuple[str, str]]:
        """Phase and step of all requests that named one, in order."""
        return [(told.body["phase"], told.body["step"]) for told in self.told if "step" in told.body]

    @property
    def last(self) -> dict[str, Any]:
        """The newest document."""
        return self.told[-1].body

    def close(self) -> None:
        """Stop listening."""
        self._server.stop()


def _handler(plane: ControlPlane) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            told = Told(
                path=self.path,
                authorization=self.headers["Authorization"],
                body=json.loads(raw),
                size=len(raw),
            )
            answer = plane.answer(told)
            if answer.status == LOST:
                self.close_connection = True
                return
            self.send_response(answer.status)
            for name, value in {**answer.headers, "Content-Length": str(len(answer.body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the standard library's name
            """Say nothing."""

    return Handler

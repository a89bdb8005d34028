"""A server on loopback that answers what it is told and remembers what it was asked: for answers no real API gives."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.quiet_server import QuietServer

DATE = "Sun, 01 Nov 2026 12:00:00 GMT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A request as it arrived; `port` tells its connection from others."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: Any
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """An answer: a body (JSON unless it is bytes), or a way of not giving one.

    `length` lies about the body's length; `then` waits with the answer or between its bytes; `reset` hangs up.
    """

    status: int = 200
    body: Any = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    length: int | None = None
    reset: bool = False
    before: Callable[[], object] | None = None
    between: Callable[[], object] | None = None

    def content(self) -> bytes:
        """The bytes of the body."""
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


class Stub:
    """Answers in order, the last one for ever; a function in place of an answer is called with the request.

    `hung_up` is set when a client does not wait for the end of an answer.
    """

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.heard: list[Heard] = []
        self.hung_up = threading.Event()
        self._script: list[Say | Callable[[Heard], Say]] = [Say()]
        self._lock = threading.Lock()

    def says(self, *script: Say | Callable[[Heard], Say]) -> None:
        """Give these answers from now on."""
        self._script = list(script)

    def answer(self, heard: Heard) -> Say:
        """Note a request and choose its answer."""
        with self._lock:
            self.heard.append(heard)
            chosen = self._script.pop(0) if len(self._script) > 1 else self._script[0]
        return chosen if isinstance(chosen, Say) else chosen(heard)


@contextmanager
def stub_server() -> Iterator[Stub]:
    """A stub on a free port, until the end of the block."""
    server = QuietServer(_Handler)
    stub = _Handler.stubs[server.server_port] = Stub(f"{server.root}/v1")
    try:
        with server:
            yield stub
    finally:
        del _Handler.stubs[server.server_port]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True
    stubs: dict[int, Stub] = {}  # noqa: RUF012 - one registry for all servers of this process, by port

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        sent = self.rfile.read(length)
        heard = Heard(
            method=self.command,
            path=self.path,
            headers=dict(self.headers),
            body=json.loads(sent) if sent else None,
            port=self.client_address[1],
        )
        stub = self.stubs[self.connection.getsockname()[1]]
        self._say(stub, stub.answer(heard))

    do_GET = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815 - the names are the base class's

    def _say(self, stub: Stub, say: Say) -> None:
        if say.before is not None:
            say.before()
        if say.reset:
            self.close_connection = True
            return
        content = say.content()
        self.send_response_only(say.status)
        length = len(content) if say.length is None else say.length
        for name, value in {"Date": DATE, "Content-Length": str(length), **say.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.close_connection = self.close_connection or say.length is not None
        self._send(stub, content, say.between)

    def _send(self, stub: Stub, content: bytes, between: Callable[[], object] | None) -> None:
        pieces = [content] if between is None else [content[at : at + 1] for at in range(len(content))]
        try:
            for piece in pieces:
                self.wfile.write(piece)
                self.wfile.flush()
                if between is not None:
                    between()
        except OSError:
            self.close_connection = True
            stub.hung_up.set()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        """Say nothing."""

"""The HTTP of AWS's APIs on a socket of 127.0.0.1: who may ask, where a request goes, how a refusal is told.

Signatures are not verified, but a request without one is refused as AWS does. Several services share a port: a service
takes the requests it knows by path or by `X-Amz-Target`. A request to `/_onebox/…` is this machine's own.
"""

from __future__ import annotations

import json
import sys
import threading
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol

from onebox.codebuild.refusal import Refusal
from onebox.codebuild.signature import doubt

MOST_BYTES = 16 * 1024 * 1024
OWN = "/_onebox/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request: `path` without its query; header names are lower-case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer; a body that is JSON is given as a document with `of`."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @classmethod
    def of(cls, document: Any, kind: str = "application/json", status: int = 200) -> Reply:
        """A JSON document."""
        return cls(status=status, headers={"Content-Type": kind}, body=json.dumps(document).encode())


class Service(Protocol):
    """One of AWS's services."""

    def takes(self, asked: Asked) -> bool:
        """Whether the request is meant for this service."""

    def answer(self, asked: Asked) -> Reply:
        """The answer; Refusal."""

    def refused(self, refusal: Refusal) -> Reply:
        """A refusal in the service's protocol."""


def as_rest_json(refusal: Refusal) -> Reply:
    """A refusal as services of the protocol rest-json tell it."""
    document = {"message": refusal.message, **refusal.fields}
    told = Reply.of(document, status=refusal.status)
    return Reply(status=told.status, headers={**told.headers, "x-amzn-ErrorType": refusal.code}, body=told.body)


def document_of(body: bytes) -> dict[str, Any]:
    """The JSON object in a body; Refusal."""
    try:
        document = json.loads(body or b"{}")
    except (ValueError, RecursionError) as error:
        raise Refusal("SerializationException", "The body is not JSON.") from error
    if not isinstance(document, dict):
        raise Refusal("SerializationException", "The body is not a JSON object.")
    return document


class Server(ThreadingHTTPServer):
    """Serves the services on a port of 127.0.0.1; 0 is any free one."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, services: Sequence[Service], port: int = 0, *, access_key: str | None = None) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self._services = tuple(services)
        self._access_key = access_key

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_port}"

    def reply(self, asked: Asked) -> Reply:
        """The answer of whichever service the request is meant for."""
        service = next((one for one in self._services if one.takes(asked)), None)
        if service is None:
            return as_rest_json(Refusal("UnknownOperationException", f"Nobody here serves {asked.path}.", 404))
        refused = (
            None if asked.path.startswith(OWN) else doubt(asked.headers.get("authorization", ""), self._access_key)
        )
        if refused is not None:
            return service.refused(refused)
        try:
            return service.answer(asked)
        except Refusal as refusal:
            return service.refused(refusal)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that went away."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_POST(self) -> None:
        """Answer one request."""
        length = int(self.headers.get("Content-Length") or 0)
        if length > MOST_BYTES:
            self.close_connection = True
            self._send(as_rest_json(Refusal("RequestEntityTooLargeException", "The request is too large.", 413)))
            return
        body = self.rfile.read(length)
        headers = {name.lower(): value for name, value in self.headers.items()}
        path = self.path.partition("?")[0]
        self._send(self.server.reply(Asked(method=self.command, path=path, headers=headers, body=body)))

    do_GET = do_PUT = do_DELETE = do_POST  # noqa: N815 -- the base class's names

    def _send(self, reply: Reply) -> None:
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.send_header("x-amzn-RequestId", str(uuid.uuid4()))
        self.end_headers()
        self.wfile.write(reply.body)

    def log_message(self, *_: Any, **__: Any) -> None:
        """Say nothing on standard error."""


@contextmanager
def serving(server: Server) -> Iterator[str]:
    """Serve in a thread for as long as the block lasts; yields the URL."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server.url
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

"""AWS's JSON 1.1 protocol on a socket: `X-Amz-Target` names the operation, errors are `{"__type": …, "message": …}`.

What an operation does is the caller's matter. Listens on 127.0.0.1 alone.
"""

from __future__ import annotations

import json
import sys
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from onebox.codebuild.refusal import Refusal
from onebox.codebuild.signature import doubt

CONTENT_TYPE = "application/x-amz-json-1.1"
MOST_BYTES = 1024 * 1024

Operations = Mapping[str, Callable[[dict[str, Any]], dict[str, Any]]]


class Server(ThreadingHTTPServer):
    """Serves the operations of one service; `target` is what stands before their names (`CodeBuild_20161006`)."""

    daemon_threads = True

    def __init__(self, target: str, operations: Operations, port: int = 0, *, access_key: str | None = None) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.target = target
        self.access_key = access_key
        self.operations = operations

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_port}"

    def answer(self, target: str, body: bytes) -> tuple[int, dict[str, Any]]:
        """Status and document for one request."""
        try:
            return 200, self._operation(target)(_document(body))
        except Refusal as refusal:
            return refusal.status, {"__type": refusal.code, "message": refusal.message, **refusal.fields}

    def _operation(self, target: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
        prefix, _, name = target.partition(".")
        if prefix != self.target or name not in self.operations:
            raise Refusal("UnknownOperationException", f"There is no operation {target}.", 404)
        return self.operations[name]

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
            self._send(413, {"__type": "RequestEntityTooLargeException", "message": "The request is too large."})
            return
        body = self.rfile.read(length)
        refusal = doubt(self.headers.get("Authorization", ""), self.server.access_key)
        if refusal is not None:
            self._send(400, {"__type": refusal.code, "message": refusal.message})
            return
        self._send(*self.server.answer(self.headers.get("X-Amz-Target", ""), body))

    def _send(self, status: int, document: dict[str, Any]) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", CONTENT_TYPE)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("x-amzn-RequestId", str(uuid.uuid4()))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any, **__: Any) -> None:
        """Say nothing on standard error."""


def _document(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except ValueError as error:
        raise Refusal("SerializationException", "The body is not JSON.") from error
    if not isinstance(document, dict):
        raise Refusal("SerializationException", "The body is not a JSON object.")
    return document


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

"""A small HTTP server on 127.0.0.1 for whoever speaks a vendor's protocol: bodies up to a size, no word on stderr.

What a request means is the caller's matter: it gives a handler with `too_large` and `given`.
"""

from __future__ import annotations

import json
import sys
import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from onebox.codebuild.refusal import Refusal


class LocalServer(ThreadingHTTPServer):
    """Listens on a port of 127.0.0.1; 0 is any free one."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, handler: type[LocalHandler]) -> None:
        super().__init__(("127.0.0.1", port), handler)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that went away."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class LocalHandler(BaseHTTPRequestHandler):
    """Reads whole requests of at most `most_bytes`."""

    protocol_version = "HTTP/1.1"
    most_bytes: int

    def too_large(self) -> None:
        """Answer a request whose body is not read."""
        raise NotImplementedError

    def given(self, body: bytes) -> None:
        """Answer a request."""
        raise NotImplementedError

    def do_POST(self) -> None:
        """Answer one request."""
        length = int(self.headers.get("Content-Length") or 0)
        if length > self.most_bytes:
            self.close_connection = True
            self.too_large()
        else:
            self.given(self.rfile.read(length))

    def send(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """Send an answer, with an id as all of AWS's have one."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("x-amzn-RequestId", str(uuid.uuid4()))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any, **__: Any) -> None:
        """Say nothing on standard error."""


def document_of(body: bytes) -> dict[str, Any]:
    """The JSON object in a body, an empty one for none; Refusal."""
    try:
        document = json.loads(body or b"{}")
    except (ValueError, RecursionError) as error:
        raise Refusal("SerializationException", "The body is not JSON.") from error
    if not isinstance(document, dict):
        raise Refusal("SerializationException", "The body is not a JSON object.")
    return document


@contextmanager
def serving(server: LocalServer) -> Iterator[str]:
    """Serve in a thread for as long as the block lasts; yields the URL."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server.url
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

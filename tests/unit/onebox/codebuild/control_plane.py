"""A control plane with one answer for every claim; it keeps who asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.quiet_server import QuietServer


class ControlPlane(QuietServer):
    """Answers every POST with `status`; `asked` holds paths and Authorization headers."""

    def __init__(self, status: int) -> None:
        super().__init__(_Handler)
        self.status = status
        self.asked: list[tuple[str, str]] = []


class _Handler(BaseHTTPRequestHandler):
    server: ControlPlane

    def do_POST(self) -> None:
        """Keep who asked, and answer."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append((self.path, self.headers["Authorization"]))
        self.send_response(self.server.status)
        self.send_header("Retry-After", "0.05")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the base class's name
        """Say nothing."""


@contextmanager
def listening(plane: ControlPlane) -> Iterator[str]:
    """Serve for as long as the block lasts; yields the URL."""
    with plane:
        yield plane.root

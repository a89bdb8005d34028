"""The HTTP server: waitress, with refusals of its own (length, headers, nonsense) in the product's shape.

It allows 8 KiB of headers (431), no body in chunks (411), and no Content-Length that is not a number (400).
"""

from __future__ import annotations

import logging
import socket
import time
import uuid
from typing import Any

import waitress
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.task import ErrorTask
from waitress.utilities import Error

from onebox.gateway.problems import Problem

THREADS = 64
MAX_HEADER_BYTES = 8 * 1024
MAX_READ_BODY_BYTES = 32 * 1024 * 1024
"""Bodies are read (into a file) up to here, so that a client that sends first and listens later gets its 413."""

LINGER_SECONDS = 5.0
"""How long a client that was refused may go on sending before it is cut off."""

_REFUSALS = {
    400: ("bad_request", "This is not a request we can read."),
    411: ("length_required", "Send a Content-Length: a body in chunks is not taken."),
    413: ("too_large", "The request's body is too large."),
    431: ("headers_too_large", "The request's headers are too large."),
    501: ("bad_request", "This transfer encoding is not supported."),
}


class _LengthRequired(Error):  # type: ignore[misc]  # waitress has no types
    code = 411
    reason = "Length Required"


class _Parser(HTTPRequestParser):  # type: ignore[misc]  # waitress has no types
    error: Any

    def received(self, data: bytes) -> int:
        consumed: int = super().received(data)
        if self.chunked and self.error is None:
            self.error = _LengthRequired("no Content-Length")
            self.completed = True
        return consumed


class _Refusal(ErrorTask):  # type: ignore[misc]  # waitress has no types
    def execute(self) -> None:
        status = self.request.error.code
        code, detail = _REFUSALS.get(status, ("internal", "Something went wrong here."))
        request_id = str(uuid.uuid4())
        answer = Problem(status=status, code=code, detail=detail).answer(request_id)
        self.status = f"{status} {self.request.error.reason}"
        self.response_headers.extend((*answer.headers, ("X-Request-Id", request_id)))
        self.set_close_on_finish()
        self.channel.refused = True
        self.content_length = len(answer.body)
        self.write(answer.body)


class _Channel(HTTPChannel):  # type: ignore[misc]  # waitress has no types
    """After a refusal what the client still sends is read and thrown away until it hangs up, or for a few seconds.

    Hanging up at once, with bytes unread, would reset the connection, and the client might never see the answer
    (RFC 9112 section 9.6).
    """

    parser_class = _Parser
    error_task_class = _Refusal
    will_close: bool
    refused = False
    lingers_until: float | None = None

    def handle_close(self) -> None:
        if self.refused and self.will_close and self.lingers_until is None and self._says_no_more():
            self.lingers_until = time.monotonic() + LINGER_SECONDS
            self.will_close = False
            return
        super().handle_close()

    def received(self, data: bytes) -> bool:
        if self.lingers_until is None:
            return bool(super().received(data))
        self.will_close = time.monotonic() > self.lingers_until
        return False

    def _says_no_more(self) -> bool:
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:  # the client has gone already
            return False
        return True


def make_server(application: Any, listening: socket.socket, *, trusted_proxy: str | None = None) -> Any:
    """A server (`run()`, `close()`) for a WSGI application on a socket that is bound already.

    Who asks is the peer; where the peer is `trusted_proxy` (an IP address) it is the last in its X-Forwarded-For.
    """
    # That requests wait for a thread for a moment is no news; waitress warns of each.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    proxy = {"trusted_proxy": trusted_proxy, "trusted_proxy_headers": "x-forwarded-for"} if trusted_proxy else {}
    server = waitress.create_server(
        application,
        sockets=[listening],
        threads=THREADS,
        connection_limit=2000,
        asyncore_use_poll=True,
        channel_timeout=75,
        max_request_header_size=MAX_HEADER_BYTES,
        max_request_body_size=MAX_READ_BODY_BYTES,
        clear_untrusted_proxy_headers=True,
        **proxy,
        ident=None,
    )
    server.channel_class = _Channel
    return server

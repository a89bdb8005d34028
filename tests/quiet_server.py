"""An HTTP server for tests, which serves in a thread of its own and does not complain when a client goes away.

The standard library's prints a traceback to standard error then, which lands in whatever test captures it just now.
"""

from __future__ import annotations

import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


class QuietServer(ThreadingHTTPServer):
    """On a free port of 127.0.0.1; it serves as long as a `with` block lasts, or from `start` to `stop`.

    Any other error than a lost connection (an OSError) is still told.
    """

    daemon_threads = True

    def __init__(self, handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self._serving = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def root(self) -> str:
        """Its address, without a path."""
        return f"http://127.0.0.1:{self.server_port}"

    def start(self) -> None:
        """Serve from now on."""
        self._serving.start()

    def stop(self) -> None:
        """Serve no longer, and let the port go; only after `start`."""
        self.shutdown()
        self.server_close()
        self._serving.join()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that went away."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)

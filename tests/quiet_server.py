"""An HTTP server for tests that does not complain when a client goes away in the middle of an answer.

The standard library's prints a traceback to standard error then, which lands in whatever test captures it just now.
"""

from __future__ import annotations

import sys
from http.server import ThreadingHTTPServer
from typing import Any


class QuietServer(ThreadingHTTPServer):
    """A ThreadingHTTPServer; any other error than a lost connection (an OSError) is still told."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that went away."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)

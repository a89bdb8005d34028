"""AWS's JSON 1.1 protocol on a socket: `X-Amz-Target` names the operation, errors are `{"__type": …, "message": …}`.

What an operation does is the caller's matter. Listens on 127.0.0.1 alone.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from onebox.codebuild.refusal import Refusal
from onebox.codebuild.signature import doubt
from onebox.local_http import LocalHandler, LocalServer, document_of, serving

__all__ = ["CONTENT_TYPE", "MOST_BYTES", "Operations", "Server", "serving"]

CONTENT_TYPE = "application/x-amz-json-1.1"
MOST_BYTES = 1024 * 1024

Operations = Mapping[str, Callable[[dict[str, Any]], dict[str, Any]]]


class Server(LocalServer):
    """Serves the operations of one service; `target` is what stands before their names (`CodeBuild_20161006`)."""

    def __init__(self, target: str, operations: Operations, port: int = 0, *, access_key: str | None = None) -> None:
        super().__init__(port, _Handler)
        self.target = target
        self.access_key = access_key
        self.operations = operations

    def answer(self, target: str, body: bytes) -> tuple[int, dict[str, Any]]:
        """Status and document for one request."""
        try:
            return 200, self._operation(target)(document_of(body))
        except Refusal as refusal:
            return refusal.status, {"__type": refusal.code, "message": refusal.message, **refusal.fields}

    def _operation(self, target: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
        prefix, _, name = target.partition(".")
        if prefix != self.target or name not in self.operations:
            raise Refusal("UnknownOperationException", f"There is no operation {target}.", 404)
        return self.operations[name]


class _Handler(LocalHandler):
    most_bytes = MOST_BYTES
    server: Server

    def too_large(self) -> None:
        """As AWS says it."""
        self._say(413, {"__type": "RequestEntityTooLargeException", "message": "The request is too large."})

    def given(self, body: bytes) -> None:
        """Answer one operation, if the request is signed."""
        refusal = doubt(self.headers.get("Authorization", ""), self.server.access_key)
        if refusal is not None:
            self._say(400, {"__type": refusal.code, "message": refusal.message})
            return
        self._say(*self.server.answer(self.headers.get("X-Amz-Target", ""), body))

    def _say(self, status: int, document: dict[str, Any]) -> None:
        self.send(status, {"Content-Type": CONTENT_TYPE}, json.dumps(document).encode())

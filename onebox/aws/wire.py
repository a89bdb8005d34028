"""The HTTP of AWS's APIs on a socket of 127.0.0.1: who may ask, where a request goes, how a refusal is told.

Signatures are not verified, but a request without one is refused as AWS does. Several services share a port: a service
takes the requests it knows by path or by `X-Amz-Target`. A request to `/_onebox/…` is this machine's own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from onebox.codebuild.refusal import Refusal
from onebox.codebuild.signature import doubt
from onebox.local_http import LocalHandler, LocalServer, document_of, serving

__all__ = ["Asked", "Reply", "Server", "Service", "as_rest_json", "document_of", "serving"]

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


class Server(LocalServer):
    """Serves the services on a port of 127.0.0.1; 0 is any free one."""

    def __init__(self, services: Sequence[Service], port: int = 0, *, access_key: str | None = None) -> None:
        super().__init__(port, _Handler)
        self._services = tuple(services)
        self._access_key = access_key

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


class _Handler(LocalHandler):
    most_bytes = MOST_BYTES
    server: Server

    do_GET = do_HEAD = do_PUT = do_DELETE = LocalHandler.do_POST  # noqa: N815 -- the base class's names

    def too_large(self) -> None:
        """As AWS says it."""
        self._say(as_rest_json(Refusal("RequestEntityTooLargeException", "The request is too large.", 413)))

    def given(self, body: bytes) -> None:
        """Answer for whichever service is meant."""
        headers = {name.lower(): value for name, value in self.headers.items()}
        path = self.path.partition("?")[0]
        self._say(self.server.reply(Asked(method=self.command, path=path, headers=headers, body=body)))

    def _say(self, reply: Reply) -> None:
        self.send(reply.status, reply.headers, reply.body)

"""A stranger at the door of a box: no token, real bytes over a socket, each time from another address of 127.0.0.0/8.

It knows HTTP and the shape of a refusal; what each line of the list sends is in the tests.
"""

from __future__ import annotations

import itertools
import json
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from typing import Any
from urllib.parse import urlencode

from tests.stack.bad_inputs.inside import Inside
from tests.stack.box import Box
from tests.unit.domain import ssh_wire

JSON = "application/json"
PROBLEM = "application/problem+json"
FORM = "application/x-www-form-urlencoded"
SERVER_ERROR = 500
TIME_TO_ANSWER = 0.15

Headers = Mapping[str, str] | Sequence[tuple[str, str]]

_SOURCES = (f"127.91.{number // 250 % 250}.{number % 250 + 1}" for number in itertools.count())
_NAMES = (f"guest-{number}@example.com" for number in itertools.count())


def new_source() -> str:
    """An address nobody has called from yet."""
    return next(_SOURCES)


def new_email() -> str:
    """A mail address nobody has signed up with yet."""
    return next(_NAMES)


def new_key() -> str:
    """The line of a fresh ed25519 key."""
    return ssh_wire.ed25519_line(ssh_wire.ed25519_point())


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One answer; header names are lower-case, and a header that came twice is joined by a comma."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        """The document in the body."""
        found: dict[str, Any] = json.loads(self.body)
        return found

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()

    @property
    def challenge(self) -> str | None:
        """How a token is to be sent; API Gateway gives this header of a function another name ("Important notes")."""
        return self.headers.get("www-authenticate", self.headers.get("x-amzn-remapped-www-authenticate"))

    def is_problem(self, status: int, code: str | None = None) -> dict[str, Any]:
        """The problem document, after everything that all refusals promise has been held against it."""
        assert (self.status, self.headers["content-type"]) == (status, PROBLEM), self.body[:500]
        document = self.json
        assert {"type", "title", "status", "detail", "code", "request_id"} <= set(document)
        assert document["status"] == status
        assert document["request_id"] == self.headers["x-request-id"]
        assert code in {None, document["code"]}, document
        return document

    def is_page(self, status: int) -> str:
        """The page, with the headers that every page has."""
        assert (self.status, self.headers["content-type"]) == (status, "text/html; charset=utf-8"), self.body[:500]
        assert self.headers["referrer-policy"] == "same-origin"
        assert self.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in self.headers["content-security-policy"]
        return self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Stranger:
    """Whoever found the address of the box; `inside` only looks whether anything was written or reserved."""

    box: Box
    inside: Inside

    @property
    def origin(self) -> str:
        """The origin of the box's own pages."""
        return f"http://localhost:{self.box.port}"

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Headers = (),
        *,
        token: str | None = None,
        source: str | None = None,
    ) -> Said:
        """One request, byte for byte; only Host, Content-Length and the service's prefix are added.

        An answer of 500 to 599 but 503 fails.
        """
        connection = HTTPConnection("127.0.0.1", self.box.port, timeout=120, source_address=(source or new_source(), 0))
        try:
            connection.putrequest(method, self.box.prefix + path, skip_host=True, skip_accept_encoding=True)
            connection.putheader("Host", f"localhost:{self.box.port}")
            for name, value in headers.items() if isinstance(headers, Mapping) else headers:
                connection.putheader(name, value)
            if token is not None:
                connection.putheader("Authorization", f"Bearer {token}")
            if body is not None:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            return _said(connection.getresponse())
        finally:
            connection.close()

    def send(self, raw: bytes, *later: bytes) -> Said:
        """What no client would send: the bytes as they are; each of the later ones after the box had time to answer."""
        with self._connected() as line:
            line.sendall(self._below(raw))
            for piece in later:
                time.sleep(TIME_TO_ANSWER)
                line.sendall(piece)
            answer = HTTPResponse(line)
            answer.begin()
            return _said(answer)

    def send_and_read_all(self, raw: bytes) -> bytes:
        """Everything the box sends back until it hangs up."""
        with self._connected() as line:
            line.sendall(self._below(raw))
            return b"".join(iter(lambda: line.recv(65536), b""))

    def post(self, document: object, headers: Headers = (), *, source: str | None = None) -> Said:
        """A signup with a JSON document."""
        given = dict(headers)
        return self.ask(
            "POST", "/instances", json.dumps(document).encode(), {"Content-Type": JSON} | given, source=source
        )

    def form(self, fields: Mapping[str, str], *, path: str = "/", source: str | None = None, **headers: str) -> Said:
        """A form as a browser sends it from the box's own pages, unless `headers` say otherwise (empty: left away)."""
        given = {"Content-Type": FORM, "Origin": self.origin, **headers}
        body = urlencode(fields).encode()
        return self.ask("POST", path, body, {name: value for name, value in given.items() if value}, source=source)

    def wish(self, **changes: object) -> dict[str, object]:
        """A signup that is in order, but for `changes`; a field changed to `...` is left away."""
        fields = {"email": new_email(), "ssh_public_key": new_key(), **changes}
        return {name: value for name, value in fields.items() if value is not ...}

    def refused(self, field: str, value: object) -> str:
        """The sentence with which exactly this field of a signup is refused (422); nothing is written or reserved."""
        before = self.inside.written()
        document = self.post(self.wish(**{field: value})).is_problem(422, "invalid_input")
        assert set(document["errors"]) == {field}, document
        assert self.inside.written() == before
        return str(document["errors"][field])

    def turned_away(
        self, status: int, code: str, body: bytes | None, headers: Headers = (("Content-Type", JSON),)
    ) -> None:
        """A signup of any bytes is refused with this status and code; nothing is written or reserved."""
        before = self.inside.written()
        self.ask("POST", "/instances", body, headers).is_problem(status, code)
        assert self.inside.written() == before

    def taken(self, headers: Headers = (), *, source: str | None = None, **changes: object) -> str:
        """The id of a wish that is taken (202): written, waiting for its mail, nothing reserved or bought."""
        before = self.inside.written()
        said = self.post(self.wish(**changes), headers, source=source)
        assert said.status == 202, said.body
        assert (said.json["status"], "manage_token" in said.json) == ("unconfirmed", False)
        after = self.inside.written()
        assert (after.rows, after.live, after.spend) == (before.rows + 1, before.live, before.spend)
        return str(said.json["id"])

    def _below(self, raw: bytes) -> bytes:
        """The request with the prefix of the service before its path."""
        return raw.replace(b" /", b" " + self.box.prefix.encode() + b"/", 1)

    def _connected(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.box.port), timeout=120, source_address=(new_source(), 0))


def _said(answer: HTTPResponse) -> Said:
    headers: dict[str, str] = {}
    for name, value in answer.getheaders():
        key = name.lower()
        headers[key] = f"{headers[key]}, {value}" if key in headers else value
    said = Said(status=answer.status, headers=headers, body=answer.read())
    assert said.status < SERVER_ERROR or "retry-after" in headers, said.body
    return said

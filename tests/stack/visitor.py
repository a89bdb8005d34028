"""Somebody without a token: one HTTP request after another to a box, from an address of 127.0.0.0/8 of their choice."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from typing import Any

from tests.stack.box import Box

JSON = "application/json"

_NUMBERS = itertools.count()


def new_source() -> str:
    """An address from which nobody has called yet."""
    number = next(_NUMBERS)
    return f"127.{60 + number // 62500 % 30}.{number // 250 % 250}.{number % 250 + 1}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer; header names are lower-case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        """The document in the body."""
        return dict(json.loads(self.body))


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """`source` is the address that all requests come from."""

    box: Box
    source: str = field(default_factory=new_source)

    def ask(self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None) -> Answer:
        """One request with a JSON body, if any; redirects are not followed."""
        connection = HTTPConnection("127.0.0.1", self.box.port, timeout=120, source_address=(self.source, 0))
        given = dict(headers or {})
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            given.setdefault("Content-Type", JSON)
        try:
            connection.request(method, self._below(path), data, given)
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(status=answer.status, headers=found, body=answer.read())
        finally:
            connection.close()

    def _below(self, path: str) -> str:
        """The path as the service has it; one out of a link begins with the prefix already."""
        prefix = self.box.prefix
        return path if prefix and f"{path}/".startswith(f"{prefix}/") else prefix + path

    def insist(self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None) -> Answer:
        """The same request again while nobody answers, as a person does; the last answer after half a minute."""
        end = time.monotonic() + 120
        while True:
            try:
                answer = self.ask(method, path, body, headers)
                if answer.status < 500 or time.monotonic() > end:
                    return answer
            except (OSError, HTTPException):
                if time.monotonic() > end:
                    raise
            time.sleep(0.05)

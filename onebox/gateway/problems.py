"""Answers of the gateway's own: the errors that API Gateway decides in the cloud, in the product's problem+json shape.

It knows shapes and codes, not when they are due.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

_NEVER_KEPT = (("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An HTTP answer: status, headers as pairs, body."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


class Problem(Exception):
    """A request that is refused: status, stable code, a sentence for a person, further headers."""

    def __init__(self, *, status: int, code: str, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = dict(headers or {})

    def answer(self, request_id: str) -> Answer:
        """The problem as an answer; the caller adds X-Request-Id as to every answer."""
        document = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            "request_id": request_id,
        }
        headers = (("Content-Type", "application/problem+json"), *_NEVER_KEPT, *self.headers.items())
        return Answer(status=self.status, headers=headers, body=_written(document))


def as_json(document: Any, status: int = HTTPStatus.OK) -> Answer:
    """A JSON document as an answer that nobody may keep."""
    return Answer(status=status, headers=(("Content-Type", "application/json"), *_NEVER_KEPT), body=_written(document))


def _written(document: Any) -> bytes:
    return json.dumps(document).encode() + b"\n"  # so that a shell's prompt begins a line of its own


def no_such_path() -> Problem:
    """The refusal of a path that leads nowhere."""
    return Problem(status=404, code="not_found", detail="There is nothing at this address.")


def not_allowed() -> Problem:
    """The refusal of a caller who has not shown an operator's token."""
    return Problem(
        status=401,
        code="unauthorized",
        detail="This needs the operator's token: send it as `Authorization: Bearer …`.",
        headers={"WWW-Authenticate": "Bearer"},
    )


def wrong_method(allowed: frozenset[str]) -> Problem:
    """The refusal of a method, naming those that there are."""
    return Problem(
        status=405,
        code="method_not_allowed",
        detail="This address does not take that method.",
        headers={"Allow": ", ".join(sorted(allowed))},
    )

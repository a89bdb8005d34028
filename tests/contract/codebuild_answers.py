"""A server of prepared answers, byte for byte as AWS's JSON 1.1 services send them; it keeps what it was asked."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from typing import Any

from tests.contract.prepared_answers import Answer, Asked, PreparedServer, prepared

__all__ = ["LOST", "Answer", "Answers", "answering", "document", "refusal"]
"""Whoever prepares answers needs their type too."""


def refusal(code: str, message: str = "", status: int = 400, **fields: Any) -> Answer:
    """An exception of a service."""
    return Answer(status=status, body=json.dumps({"__type": code, "message": message, **fields}).encode())


def document(**fields: Any) -> Answer:
    """A document."""
    return Answer(body=json.dumps(fields).encode())


LOST = Answer(status=None)
"""The request arrives and no answer does."""


class Answers(PreparedServer):
    """Gives its answers; `asked` holds targets and documents."""

    content_type = "application/x-amz-json-1.1"

    def __init__(self, *answers: Answer) -> None:
        super().__init__(*answers)
        self.asked: list[tuple[str, dict[str, Any]]] = []

    @property
    def operations(self) -> list[str]:
        """The names of the operations that were asked for, in their order."""
        return [target.partition(".")[2] for target, _ in self.asked]

    def answer(self, asked: Asked) -> Answer:
        """Keep the request and give the next answer."""
        self.asked.append((asked.headers["x-amz-target"], json.loads(asked.body)))
        return super().answer(asked)


def answering(*answers: Answer) -> AbstractContextManager[tuple[Answers, str]]:
    """A server with these answers and its URL."""
    return prepared(Answers(*answers))

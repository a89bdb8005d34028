"""How AWS says no: the name of an exception and a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Refusal(Exception):
    """The request is refused with this `code` (`AccountLimitExceededException`, …) and HTTP status.

    `fields` are further members of the answer.
    """

    def __init__(self, code: str, message: str, status: int = 400, *, fields: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.fields = dict(fields or {})

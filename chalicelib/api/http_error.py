"""What is wrong with a request as HTTP, before any verb has seen it: status, stable code, sentence, extra headers."""

from __future__ import annotations

from collections.abc import Mapping


class HttpError(Exception):
    """Raised by the edge alone; `errors.py` turns it into a problem document like every other error."""

    def __init__(self, status: int, code: str, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = dict(headers or {})

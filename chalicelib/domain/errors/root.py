"""What every error has: a stable code, a sentence for a person, and the data that explains it."""

from __future__ import annotations

from typing import Any, ClassVar


class CccError(Exception):
    """The root: `str(error)` is the sentence, `code` the stable name, `data` what explains it."""

    code: ClassVar[str] = "error"

    def __init__(self, message: str, **data: Any) -> None:
        super().__init__(message)
        self.message = message
        self.data = data

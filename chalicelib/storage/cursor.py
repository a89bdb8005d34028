"""The cursor of a list: where the next page begins, as an opaque word that is checked when it comes back.

It holds no secret and opens nothing: it is a pair (seconds, key) in base64url JSON, and one that somebody made up leads
to another place in the same list at most.
"""

from __future__ import annotations

import base64
import json
import re

from chalicelib.domain.errors import InvalidInput
from chalicelib.storage.rows import PREFIX

_LONGEST = 512
_LATEST = 2**40
_ROW_KEY = re.compile(re.escape(PREFIX) + r"[A-Za-z0-9_-]{1,128}")


def to_cursor(place: tuple[int, str]) -> str:
    """The cursor that leads on from a place in the list."""
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def from_cursor(cursor: str | None) -> tuple[int, str] | None:
    """The place a cursor means; None for the beginning. InvalidInput: not a cursor of ours."""
    if cursor is None:
        return None
    try:
        return _parsed(cursor)
    except (ValueError, RecursionError) as error:
        raise InvalidInput({"cursor": "This is not a cursor that a list of this service has given."}) from error


def _parsed(cursor: str) -> tuple[int, str]:
    if len(cursor) > _LONGEST:
        raise ValueError("too long")
    padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
    match json.loads(base64.b64decode(padded, altchars=b"-_", validate=True)):
        case [int(at), str(key)] if _is_place(at, key):
            return at, key
        case _:
            raise ValueError("not a place")


def _is_place(at: int, key: str) -> bool:
    return not isinstance(at, bool) and 0 <= at < _LATEST and _ROW_KEY.fullmatch(key) is not None

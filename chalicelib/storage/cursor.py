"""The cursor of a list: where the next page begins, as an opaque word that is checked when it comes back.

It holds no secret and opens nothing: it is a pair (seconds, key) in base64url JSON, and one that somebody made up leads
to another place in the same list at most.
"""

from __future__ import annotations

import base64
import json
import re

from chalicelib.domain.errors import InvalidInput

_LONGEST = 512
_LATEST = 2**40
_NAME = re.compile(r"[A-Za-z0-9_-]{1,128}")


def to_cursor(place: tuple[int, str]) -> str:
    """The cursor that leads on from a place in the list."""
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def from_cursor(cursor: str | None, prefix: str) -> tuple[int, str] | None:
    """The place a cursor means in a list whose keys begin with `prefix`; None for the beginning.

    InvalidInput: it is not a cursor of such a list.
    """
    if cursor is None:
        return None
    try:
        return _parsed(cursor, prefix)
    except (ValueError, RecursionError) as error:
        raise InvalidInput({"cursor": "This is not a cursor that a list of this service has given."}) from error


def _parsed(cursor: str, prefix: str) -> tuple[int, str]:
    if len(cursor) > _LONGEST:
        raise ValueError("too long")
    padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
    match json.loads(base64.b64decode(padded, altchars=b"-_", validate=True)):
        case [int(at), str(key)] if _is_place(at, key, prefix):
            return at, key
        case _:
            raise ValueError("not a place")


def _is_place(at: int, key: str, prefix: str) -> bool:
    if isinstance(at, bool) or not 0 <= at < _LATEST:
        return False
    return key.startswith(prefix) and _NAME.fullmatch(key, len(prefix)) is not None

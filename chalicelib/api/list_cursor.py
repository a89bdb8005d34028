"""The cursor of a list as callers hold it: the store's own with a seal, so that a made-up or foreign one is recognised.

The store's cursor holds no secret and opens nothing; the seal only tells whose it is. Every stack has a pepper of its
own, so that a cursor of another stack is refused and does not begin the list somewhere in the middle.
"""

from __future__ import annotations

import hashlib
import hmac

from chalicelib.api.http_error import HttpError
from chalicelib.operations.services import Services

_SEAL_CHARS = 32


def sealed(services: Services, cursor: str | None) -> str | None:
    """The store's cursor as it is given to a caller; None stays None."""
    return None if cursor is None else f"{cursor}.{_seal(services, cursor)}"


def unsealed(services: Services, given: str | None) -> str | None:
    """The store's cursor out of a caller's; HttpError 400 for one that this stack has not given."""
    if given is None:
        return None
    cursor, _, seal = given.rpartition(".")
    if not hmac.compare_digest(seal.encode(), _seal(services, cursor).encode()):
        raise not_ours()
    return cursor


def not_ours() -> HttpError:
    """The refusal of a cursor."""
    return HttpError(400, "bad_cursor", "This cursor is not one of ours; begin without it.")


def _seal(services: Services, cursor: str) -> str:
    return hmac.new(services.keyring.pepper(), f"cursor|{cursor}".encode(), hashlib.sha256).hexdigest()[:_SEAL_CHARS]

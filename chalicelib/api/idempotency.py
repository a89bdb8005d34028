"""The Idempotency-Key of a request, and the digest by which a repeat with another body is recognised."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from chalicelib.api.call import Call
from chalicelib.api.http_error import HttpError

_KEY = re.compile(r"[\x21-\x7e]{1,255}")


def idempotency_key(call: Call) -> str | None:
    """The key, or None without the header; HttpError 400 unless it is 1 to 255 visible ASCII characters."""
    given = call.header("idempotency-key")
    if given is not None and not _KEY.fullmatch(given):
        raise HttpError(
            400,
            "bad_idempotency_key",
            "An Idempotency-Key is 1 to 255 visible ASCII characters without spaces.",
        )
    return given


def required_key(call: Call) -> str:
    """The key; HttpError 400 when there is none."""
    key = idempotency_key(call)
    if key is None:
        raise HttpError(
            400,
            "idempotency_key_required",
            "Send an Idempotency-Key of your own making, so that a repeat of this request has no second effect.",
        )
    return key


def request_hash(meaning: Mapping[str, Any]) -> str:
    """The SHA-256, in hex, of what a request means: the same for every spelling of the same JSON."""
    canonical = json.dumps(meaning, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()

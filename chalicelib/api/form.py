"""The fields of a form in a request, as strict as JSON is: one encoding, one size, no field twice, none unknown.

What the fields mean is decided where the JSON of the same verb is read: `signup_document` only gives a form that shape.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import parse_qsl

from chalicelib.api.call import Call
from chalicelib.api.http_error import HttpError
from chalicelib.api.json_body import MAX_BYTES

FORM = "application/x-www-form-urlencoded"
KEY = "idempotency_key"
MOST_FIELDS = 20

_CHARSET = re.compile(r'charset\s*=\s*"?utf-?8"?', re.IGNORECASE)
_OPTIONAL = frozenset({"server_type", "location"})
_WHOLE = re.compile(r"[0-9]{1,6}")
_KEY = re.compile(r"[\x21-\x7e]{1,255}")


def form_fields(call: Call, known: Collection[str]) -> dict[str, str]:
    """The fields by name; HttpError 400, 413, 415 or 422 for a body that is no plain form of these fields."""
    if (call.header("content-encoding") or "identity").strip().lower() != "identity":
        raise HttpError(415, "unsupported_encoding", "Send the form as it is, without Content-Encoding.")
    if len(call.body) > MAX_BYTES:
        raise HttpError(413, "too_large", f"The form is larger than {MAX_BYTES} bytes.")
    _check_type(call)
    pairs = _pairs(call.body)
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise HttpError(422, "repeated_field", "A field of the form came twice.")
    if not fields.keys() <= set(known):
        raise HttpError(422, "unknown_field", "The form has a field that is not known here.")
    return fields


def signup_document(fields: Mapping[str, str]) -> dict[str, Any]:
    """The signup form as the JSON of `POST /instances`: hours as a number, and nothing for what was left open."""
    document: dict[str, Any] = {
        name: value for name, value in fields.items() if name != KEY and not (name in _OPTIONAL and value == "")
    }
    if _WHOLE.fullmatch(fields.get("hours", "").strip()):
        document["hours"] = int(fields["hours"])
    return document


def form_key(fields: Mapping[str, str]) -> str | None:
    """The key that the form carries against being sent twice; HttpError 400 for one that no form of ours has."""
    given = fields.get(KEY)
    if given is not None and not _KEY.fullmatch(given):
        raise HttpError(400, "bad_idempotency_key", "The form is damaged. Load the page anew.")
    return given


def _check_type(call: Call) -> None:
    kind, *parameters = (part.strip() for part in (call.header("content-type") or "").split(";"))
    if kind.lower() != FORM or not all(_CHARSET.fullmatch(each) for each in parameters if each):
        raise HttpError(415, "unsupported_media_type", f"Send the form as {FORM}.")


def _pairs(body: bytes) -> list[tuple[str, str]]:
    if not body:
        return []
    try:
        return parse_qsl(
            body.decode("utf-8"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=MOST_FIELDS,
        )
    except ValueError as error:  # not UTF-8 (before or after unquoting), no `=`, or far too many fields
        raise HttpError(400, "malformed", "The form could not be read.") from error

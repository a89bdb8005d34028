"""The JSON object in a request, read with limits that the standard parser does not have.

Decides what is JSON to us: one top-level object of at most 16 KiB and 20 levels, UTF-8, no duplicate keys, no NaN,
no number that is infinite or endless, no lone surrogate. What the fields mean is decided in `schemas.py`.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

from chalicelib.api.call import Call
from chalicelib.api.http_error import HttpError

MAX_BYTES = 16 * 1024
MAX_DEPTH = 20
MAX_DIGITS = 30
"""Digits of a whole number; more is an attack on the parser (Python itself needs quadratic time for them)."""

_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[\]{}]', re.DOTALL)
_CHARSET = re.compile(r'charset\s*=\s*"?utf-?8"?', re.IGNORECASE)


def json_object(call: Call, *, optional: bool = False) -> dict[str, Any]:
    """The object in the body; `optional` takes an empty body as `{}`. HttpError 400, 413 or 415 otherwise."""
    _check_encoding(call)
    if len(call.body) > MAX_BYTES:
        raise HttpError(413, "too_large", f"The body is larger than {MAX_BYTES} bytes.")
    if not call.body and optional:
        return {}
    if not call.body:
        _malformed("The request needs a JSON object as its body.")
    _check_type(call)
    return _parsed(_text(call.body))


def _check_encoding(call: Call) -> None:
    if (call.header("content-encoding") or "identity").strip().lower() != "identity":
        raise HttpError(415, "unsupported_encoding", "Send the body as it is, without Content-Encoding.")


def _check_type(call: Call) -> None:
    kind, *parameters = (part.strip() for part in (call.header("content-type") or "").split(";"))
    known = all(_CHARSET.fullmatch(parameter) for parameter in parameters if parameter)
    if kind.lower() != "application/json" or not known:
        raise HttpError(415, "unsupported_media_type", "Send the body as JSON, with Content-Type: application/json.")


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise HttpError(400, "malformed", "The body is not valid UTF-8.") from error


def _parsed(text: str) -> dict[str, Any]:
    _check_depth(text)  # before the parser, which recurses
    try:
        value = json.loads(
            text,
            object_pairs_hook=_without_duplicates,
            parse_constant=lambda word: _malformed(f"{word} is not a JSON number."),
            parse_int=_whole,
            parse_float=_finite,
        )
        json.dumps(value, ensure_ascii=False).encode()  # fails for a lone surrogate, wherever it is
    except UnicodeEncodeError as error:
        raise HttpError(400, "malformed", "The body holds half of a character (a lone surrogate).") from error
    except ValueError as error:
        raise HttpError(400, "malformed", "The body is not valid JSON.") from error
    if not isinstance(value, dict):
        _malformed("The body must be one JSON object.")
    return value


def _check_depth(text: str) -> None:
    depth = 0
    for match in _STRING_OR_BRACKET.finditer(text):
        mark = match.group()
        depth += (mark in "[{") - (mark in "]}")
        if depth > MAX_DEPTH:
            _malformed(f"The body is nested more than {MAX_DEPTH} levels deep.")


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        _malformed("A key comes twice in one object of the body.")
    return found


def _whole(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        _malformed(f"A number in the body has more than {MAX_DIGITS} digits.")
    return int(digits)


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        _malformed("A number in the body is too large.")
    return number


def _malformed(why: str) -> NoReturn:
    raise HttpError(400, "malformed", why)

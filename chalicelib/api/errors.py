"""The only map from errors to HTTP: status, headers and the problem document (RFC 9457).

Every error of `domain/errors/` speaks to a person and is shown as it is, except those that tell of our own insides
(a store, a provider that does not answer): the caller learns the code and that it is not their fault. What is in no
table is 500 without any detail; its request id leads to the log.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from chalice.app import Response

from chalicelib.api.http_error import HttpError
from chalicelib.api.moment import rfc3339
from chalicelib.api.reply import PROBLEM, phrase, reply
from chalicelib.domain import errors

STATUS: Mapping[type[errors.CccError], int] = {
    errors.InvalidInput: 422,
    errors.NotFound: 404,
    errors.NotAllowed: 401,
    errors.Refused: 409,
    errors.EndedAlready: 410,
    errors.ConfirmExpired: 410,
    errors.SignupClosed: 403,
    errors.NotOffered: 403,
    errors.TooManyRequests: 429,
    errors.Paused: 503,
    errors.KeyReused: 422,
    errors.BuildRefused: 409,
    errors.TooEarly: 425,
    errors.BuildOver: 410,
    errors.Unavailable: 503,
    errors.OutOfStock: 409,  # the ordinary state of the market, and no failure of the service
    errors.WriteConflict: 409,
}
"""The nearest ancestor that is listed decides; a CccError with none is a bug and 500."""

RETRY_AFTER: Mapping[type[errors.CccError], int] = {
    errors.TooEarly: 1,
    errors.WriteConflict: 1,
    errors.Unavailable: 5,
    errors.OutOfStock: 60,
    errors.LimitReached: 60,
    errors.Paused: 60,
}
"""Seconds after which the same request may fare better, where the error does not know it itself."""

SHOWN = ("limit", "left", "expires_at")
"""What of an error's data is told to the caller."""

OF_THE_SERVICE = frozenset({"live", "spend", "creates"})
"""Caps that all share; an owner's own is another matter."""

UNSHOWN = (errors.StoreUnavailable, errors.UnknownSchema, errors.ProviderError, errors.ProviderUnknown)
SHOWN_ALL_THE_SAME = (errors.OutOfStock, errors.ProviderLimit)
ELSEWHERE = "A part of the service does not answer as it should. This is not your fault; try again in a moment."
NOT_FOUND = "There is no such thing here, or it is not yours."
"""One sentence for unknown, foreign and wrongly proved: the answer must not tell which."""


def problem(status: int, code: str, detail: str, request_id: str, **more: Any) -> Response:
    """A problem document; `more` holds its further members, `headers` the answer's."""
    headers = more.pop("headers", {})
    document = {
        "type": "about:blank",
        "title": phrase(status),
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": request_id,
        **more,
    }
    return reply(document, status=status, kind=PROBLEM, headers=headers)


def problem_of(error: Exception, request_id: str, *, starts: bool = False) -> Response | None:
    """The answer to an error, or None for one that nobody foresaw.

    `starts`: a cap of the whole service that stands against a new machine is the service's trouble (503, try later);
    one that stands against a change of an existing machine, or against one owner alone, is the request's (409).
    """
    match error:
        case HttpError():
            return problem(error.status, error.code, error.detail, request_id, headers=error.headers)
        case errors.InvalidInput():
            return problem(422, error.code, error.message, request_id, errors=dict(error.fields))
        case errors.CccError():
            return _foreseen(error, request_id, starts=starts)
        case _:
            return None


def _foreseen(error: errors.CccError, request_id: str, *, starts: bool) -> Response | None:
    status = _nearest(error, STATUS)
    if status is None:
        return None
    if starts and isinstance(error, errors.LimitReached) and error.data.get("limit") in OF_THE_SERVICE:
        status = 503
    shown = {name: _plain(error.data[name]) for name in SHOWN if name in error.data}
    return problem(status, error.code, _detail(error), request_id, headers=_headers(error, status), **shown)


def unforeseen(request_id: str) -> Response:
    """The answer to a bug: no detail, but the id under which the log tells more."""
    detail = "Something went wrong on our side. Tell the operator the request_id if it happens again."
    return problem(500, "internal", detail, request_id)


def _nearest(error: errors.CccError, table: Mapping[type[errors.CccError], int]) -> int | None:
    return next((table[kind] for kind in type(error).__mro__ if kind in table), None)


def _detail(error: errors.CccError) -> str:
    if isinstance(error, errors.NotFound):
        return NOT_FOUND
    hidden = isinstance(error, UNSHOWN) and not isinstance(error, SHOWN_ALL_THE_SAME)
    return ELSEWHERE if hidden else error.message


def _headers(error: errors.CccError, status: int) -> dict[str, str]:
    headers = {"WWW-Authenticate": "Bearer"} if isinstance(error, errors.NotAllowed) else {}
    seconds = error.data.get("retry_after") or _nearest(error, RETRY_AFTER)
    waits = status in {503, 425, 429} or isinstance(error, errors.WriteConflict)
    return {**headers, "Retry-After": str(max(1, round(float(seconds))))} if waits and seconds else headers


def _plain(value: Any) -> Any:
    match value:
        case datetime():
            return rfc3339(value)
        case bool() | int() | None:
            return value
        case _:
            return str(value)

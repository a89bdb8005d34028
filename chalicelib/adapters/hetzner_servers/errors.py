"""What Hetzner's refusals mean: a status, a code and a message in, an error of `domain/errors/` out.

It knows Hetzner's vocabulary (their API reference, and the messages seen in the field) and nothing of how a request
travels; that is `api.py`. The one rule behind the table: only a 4xx with Hetzner's own JSON says that a request
had no effect. Whatever else came back, or did not come back, may have had its effect.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

from chalicelib.domain.errors import (
    NameTaken,
    OutOfStock,
    ProviderError,
    ProviderLimit,
    ProviderUnknown,
    RateLimited,
    ServerLocked,
    ServerProtected,
    TokenRejected,
    Unavailable,
)

_BY_CODE: Mapping[str, type[ProviderError]] = {
    "unauthorized": TokenRejected,
    "forbidden": TokenRejected,
    "token_readonly": TokenRejected,
    "resource_limit_exceeded": ProviderLimit,
    "uniqueness_error": NameTaken,
    "resource_unavailable": OutOfStock,
    "placement_error": OutOfStock,
    "locked": ServerLocked,
    "conflict": ServerLocked,
    "protected": ServerProtected,
    "rate_limit_exceeded": RateLimited,
}

# Capacity that ran out is also told as an invalid input, under no code of its own.
_STOCK_WORDS = (
    "unsupported location for server type",
    "server location disabled",
    "error during placement",
    "unable to provision servers for this location",
)

# An address that Hetzner has no route for answers with the code of a thing that is gone.
_NO_ROUTE = "api route not found"

_LONGEST_PAUSE = 60
"""Seconds; `RateLimit-Reset` is when the bucket is full again, but it gains a request each second."""


def refusal(
    *, status: int | None, code: object, message: str, details: object, headers: Mapping[str, str]
) -> Unavailable:
    """The error of an answer that was not a success.

    `status` is the HTTP status (None: no answer was read), `code` Hetzner's own (a string) or, where the body was not
    Hetzner's JSON, anything else.
    """
    facts = {"status": status, "correlation_id": headers.get("X-Correlation-Id")}
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return RateLimited("Hetzner takes no more requests at the moment.", **facts, **retry_after(headers))
    if status is None or not _is_client_error(status) or not isinstance(code, str):
        return ProviderUnknown(f"Hetzner's answer (HTTP {status}) does not tell what happened.", **facts)
    kind = _kind(status, code, f"{message} {_said(details)}".lower())
    return kind(
        f"Hetzner refused: {message[:200]} ({code[:60]}).", provider_code=code, route=_has_route(message), **facts
    )


def silence(cause: Exception) -> ProviderUnknown:
    """The error of a request whose answer never came, or came in pieces; the cause's own text may hold an address."""
    return ProviderUnknown(f"Hetzner did not answer ({type(cause).__name__}).", status=None)


def nonsense(what: str) -> ProviderUnknown:
    """The error of an answer that is a success and yet cannot be what it should be; `what` names the part."""
    return ProviderUnknown(f"Hetzner's answer is not understood: {what}.", part=what)


def is_absence(error: ProviderError) -> bool:
    """Whether a refusal says that the thing asked for does not exist.

    A route that does not exist says nothing about any server: the endpoint is wrong.
    """
    return error.data.get("provider_code") == "not_found" and bool(error.data.get("route"))


def retry_after(headers: Mapping[str, str]) -> dict[str, int]:
    """`{"retry_after": seconds}` as the headers of a 429 have it, or nothing where they do not say."""
    if (plain := headers.get("Retry-After", "")).isdecimal():
        return {"retry_after": int(plain)}
    reset, moment = headers.get("RateLimit-Reset", ""), date_of(headers)
    if not reset.isdecimal() or moment is None:
        return {}
    return {"retry_after": max(1, min(_LONGEST_PAUSE, int(reset) - int(moment.timestamp())))}


def date_of(headers: Mapping[str, str]) -> datetime | None:
    """The answer's `Date`, aware; None where it is absent or unreadable."""
    try:
        moment = parsedate_to_datetime(headers.get("Date", ""))
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def _is_client_error(status: int) -> bool:
    return HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR


def _kind(status: int, code: str, said: str) -> type[ProviderError]:
    if any(words in said for words in _STOCK_WORDS):
        return OutOfStock
    if status == HTTPStatus.UNAUTHORIZED:
        return TokenRejected
    return _BY_CODE.get(code, ProviderError)


def _has_route(message: str) -> bool:
    return _NO_ROUTE not in message.lower()


def _said(details: Any) -> str:
    """The messages in the details of an `invalid_input`, as one text; nothing where there are none."""
    fields = details.get("fields") if isinstance(details, dict) else None
    messages = [field.get("messages") for field in fields or () if isinstance(field, dict)]
    return " ".join(str(each) for each in messages)

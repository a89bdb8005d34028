"""One request as the views see it, taken out of Chalice's object once: no view knows a framework or an event."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chalice.app import Request

from chalicelib.api.http_error import HttpError


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """`route` is the pattern (`/instances/{id}`), `path` its parameters; header names are lower-case.

    A header or query parameter that came several times has several values. `source_ip` is what the gateway saw;
    no forwarded header is believed.
    """

    method: str
    route: str
    request_id: str
    source_ip: str
    path: Mapping[str, str]
    query: Mapping[str, tuple[str, ...]]
    headers: Mapping[str, tuple[str, ...]]
    body: bytes

    def header(self, name: str) -> str | None:
        """All values of a header joined by commas (RFC 9110 section 5.3), or None."""
        values = self.headers.get(name)
        return None if values is None else ", ".join(values)

    def parameter(self, name: str) -> str | None:
        """The one value of a query parameter, or None; HttpError 400 when it came more than once."""
        values = self.query.get(name, ())
        if len(values) > 1:
            raise HttpError(400, "repeated_parameter", f"The parameter {name} was given more than once.")
        return values[0] if values else None


def request_id(request: Request) -> str:
    """The gateway's own id of the request, or a new one where it gave none."""
    return str(request.context.get("requestId") or uuid.uuid4())


def call_of(request: Request, *, named: str) -> Call:
    """The call in a Chalice request; HttpError 400 when its body is not readable as bytes at all."""
    event: dict[str, Any] = request.to_original_event()
    return Call(
        method=request.method,
        route=request.path,
        request_id=named,
        source_ip=str(request.context.get("identity", {}).get("sourceIp", "")),
        path=dict(request.uri_params or {}),
        query=_several(event.get("multiValueQueryStringParameters"), {}, lower=False),
        headers=_several(event.get("multiValueHeaders"), event.get("headers"), lower=True),
        body=_body(request),
    )


def _several(
    many: Mapping[str, list[str]] | None, single: Mapping[str, str] | None, *, lower: bool
) -> dict[str, tuple[str, ...]]:
    """Both forms in which an event holds names with values, as one; the one with all values wins."""
    found: dict[str, tuple[str, ...]] = {}
    for name, values in (many or {key: [value] for key, value in (single or {}).items()}).items():
        key = name.lower() if lower else name
        found[key] = (*found.get(key, ()), *(str(value) for value in values))
    return found


def _body(request: Request) -> bytes:
    try:
        raw = request.raw_body
    except ValueError as error:  # not base64 after all, or text that has no UTF-8 form
        raise HttpError(400, "malformed", "The body of the request could not be read.") from error
    return raw.encode() if isinstance(raw, str) else raw

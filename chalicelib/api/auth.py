"""Who is asking: the bearer token of a request, and whether it opens an instance or the operator's room.

A token is only ever taken from the Authorization header. The id of an instance is checked for its shape before
anything is read, and an unknown id, a foreign one and a wrong token end in the same NotFound.
"""

from __future__ import annotations

import re

from chalicelib.api.call import Call
from chalicelib.api.http_error import HttpError
from chalicelib.domain.errors import NotAllowed, NotFound
from chalicelib.domain.labels import INSTANCE_ID
from chalicelib.operations import authorise
from chalicelib.operations.services import Services

_BEARER = re.compile(r"[Bb][Ee][Aa][Rr][Ee][Rr] +([A-Za-z0-9._~+/=-]{1,512})")
_ATTEMPT = re.compile(r"[1-9][0-9]{0,2}")
_TOKEN = re.compile(r"\s*(?:bearer\s+)?ccc_", re.IGNORECASE)
_NAMES = frozenset({"token", "access_token", "auth", "authorization", "bearer", "manage_token"})


def refuse_token_in_query(call: Call) -> None:
    """HttpError 400 when something that is or may be a token stands in the URL, where every proxy logs it."""
    for name, values in call.query.items():
        if name.lower() in _NAMES or _TOKEN.match(name) or any(_TOKEN.match(value) for value in values):
            raise HttpError(
                400,
                "token_in_query",
                "Never put a token into a URL, where it is logged; send it as Authorization: Bearer TOKEN.",
            )


def bearer(call: Call) -> str:
    """The token of the one Authorization header; NotAllowed without one, or with one of another form."""
    values = call.headers.get("authorization", ())
    match = _BEARER.fullmatch(values[0].strip()) if len(values) == 1 else None
    if match is None:
        raise NotAllowed("A token is needed: send one header, Authorization: Bearer TOKEN.")
    return match.group(1)


def instance_id(call: Call) -> str:
    """The id in the path; NotFound, without a look at the store, when it cannot be one."""
    found = call.path.get("id", "")
    if not INSTANCE_ID.fullmatch(found):
        raise NotFound("malformed id")
    return found


def attempt(call: Call) -> int:
    """The number of the build attempt in the path; NotFound when it cannot be one."""
    found = call.path.get("attempt", "")
    if not _ATTEMPT.fullmatch(found):
        raise NotFound("malformed attempt")
    return int(found)


def require_operator(services: Services, call: Call) -> None:
    """NotAllowed unless the token is an operator's."""
    if not authorise.is_operator(services, token=bearer(call)):
        raise NotAllowed("This is the operator's; the token does not open it.")


def may_manage(services: Services, call: Call, of: str) -> bool:
    """Whether it is an operator who asks (True) or the owner (False); NotFound when it is neither."""
    token = bearer(call)
    if authorise.is_operator(services, token=token):
        return True
    authorise.owner(services, of, token=token)
    return False

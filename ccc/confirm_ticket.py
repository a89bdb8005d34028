"""What `ccc confirm` is given: the link of the confirmation mail, or an id and a token.

A link is `{address of the service}/confirm/{id}/{token}`; mail programs may wrap it in `<…>` or hang a query on it.
What is read here is a proof for one instance at one address: it goes nowhere else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from ccc.connection import checked_token, checked_url
from ccc.errors import WrongUse
from ccc.instance_argument import bare_id

LINK = re.compile(r"(https?://[^?#]+)/confirm/([^/?#]+)/([^/?#]+)/?(?:[?#].*)?", re.IGNORECASE)
EXPECTED = "the link of the confirmation mail (URL/confirm/ID/TOKEN), in quotes, or ID and TOKEN"
PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """The proof that a signup's mail arrived; `url` is the service that the link names, None without a link."""

    id: str
    token: str = field(repr=False)
    url: str | None


def ticket_from(said: str, token: str | None) -> Ticket:
    """Return what the arguments prove; raises WrongUse, or NotFound for an id that cannot be one."""
    text = said.strip().removeprefix("<").removesuffix(">")
    found = LINK.fullmatch(text)
    if found and token is None:
        url, instance_id, proof = found.groups()
        return Ticket(id=bare_id(instance_id), token=_checked(proof), url=checked_url(url))
    if found or token is None or "/" in text or not text:
        raise WrongUse(f"What to confirm is {EXPECTED}.")
    return Ticket(id=bare_id(text), token=_checked(token.strip()), url=None)


def _checked(proof: str) -> str:
    """Return a token that fits into a header; raises WrongUse for an empty or unusable one."""
    if not proof:
        raise WrongUse("The confirm token is empty.")
    return checked_token(proof) or ""


def same_service(one: str, other: str) -> bool:
    """Tell whether two addresses are the same, whatever the case of the host and whether the usual port is written."""
    return _spelled_out(one) == _spelled_out(other)


def _spelled_out(url: str) -> tuple[str, str | None, int | None, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or PORTS.get(parts.scheme), parts.path.rstrip("/")

"""An e-mail address as the service keeps it: which ASCII forms are taken, and which ones are the same person.

Decides by a rule that is narrower than the standards: whatever could mean two recipients, a header, a route
or a program's option is refused. It must not know how an address of another script becomes ASCII; the edge
does that (`chalicelib.api.email_field`) before it comes here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from chalicelib.domain.errors import InvalidInput

FIELD: Final = "email"
MAX_CHARS: Final = 254
"""Octets of an address (RFC 5321 section 4.5.3.1.3, with erratum 1690 of RFC 3696)."""
MAX_LOCAL_CHARS: Final = 64
"""Octets before the @ (RFC 5321 section 4.5.3.1.1)."""

_ATOM = r"[A-Za-z0-9_+'-]+"
# The standard also allows % and ! (old mail routes), = and ? (encoded words), and more that no mailbox
# needs. A hyphen in front would be an option to a mail program; a plus in front leaves nothing once the tag
# is removed.
_LOCAL = re.compile(rf"(?![+'-]){_ATOM}(?:\.{_ATOM})*")
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"(?:{_LABEL}\.)+(?=[a-z]){_LABEL}")
_NOWHERE = frozenset({"arpa", "invalid", "local", "localhost", "onion", "test"})
"""Last labels under which no mail is delivered (RFC 6761, 6762, 7686); example.com is usable on purpose."""
_GMAIL = frozenset({"gmail.com", "googlemail.com"})


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailAddress:
    """One ASCII address, its domain in lower case; kept out of `repr`, so that no log shows it by accident.

    The constructor trusts its caller (what an earlier release stored stays readable); input goes through
    `parse_email`.
    """

    value: str = field(repr=False)


def parse_email(text: object) -> EmailAddress:
    """Take `local@domain` in ASCII as one address; raises `InvalidInput` (field `email`) for everything else.

    The local part keeps its case, because its owner's server decides what that means; the domain loses it.
    """
    if not isinstance(text, str) or not text:
        raise _refusal("an e-mail address is needed, such as name@example.com")
    if len(text) > MAX_CHARS:
        raise _refusal(f"the address is longer than {MAX_CHARS} characters")
    if not text.isascii():  # asked before lower(), which turns the Kelvin sign into a plain k
        raise _refusal("the address has letters that are not plain ASCII")
    local, at, domain = text.rpartition("@")
    domain = domain.lower()
    if not at or not _DOMAIN.fullmatch(domain):
        raise _refusal("the address does not end in @ and the name of a mail domain, such as @example.com")
    if domain.rpartition(".")[2] in _NOWHERE:
        raise _refusal("no mail can be delivered to this domain")
    if len(local) > MAX_LOCAL_CHARS or not _LOCAL.fullmatch(local):
        raise _refusal(
            f"the part before the @ must be 1 to {MAX_LOCAL_CHARS} letters, digits or . _ + - ',"
            " begin with a letter, a digit or _, and have no dot at an end or beside another"
        )
    return EmailAddress(value=f"{local}@{domain}")


def quota_form(address: EmailAddress) -> str:
    """Return the key under which all spellings of one mailbox share a quota; never an address to write to.

    Case and everything from the first plus are dropped, and for Gmail the dots, which it ignores
    (https://support.google.com/mail/answer/7436150).
    """
    local, _, domain = address.value.lower().rpartition("@")
    local = local.partition("+")[0]
    if domain in _GMAIL:
        return local.replace(".", "") + "@gmail.com"
    return f"{local}@{domain}"


def _refusal(why: str) -> InvalidInput:
    return InvalidInput({FIELD: why})

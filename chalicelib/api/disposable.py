"""Whether an address is at a domain that gives mailboxes away by the minute: nobody can be warned there.

The list is the one that the library disposable-email-domains carries and keeps up; the operator may name more
(`CCC_REFUSED_DOMAINS`). Operators' own orders are not asked.
"""

from __future__ import annotations

from chalicelib.domain.email import FIELD, EmailAddress
from chalicelib.domain.errors import InvalidInput


def refuse_disposable(address: EmailAddress, more: frozenset[str]) -> None:
    """InvalidInput when the address is at such a domain, or below one."""
    # Imported at the first signup: the list is a module of some thousand names.
    from disposable_email_domains import blocklist  # noqa: PLC0415 -- see the line above

    labels = address.value.rpartition("@")[2].split(".")
    above = {".".join(labels[start:]) for start in range(len(labels) - 1)}
    if above & more or above & blocklist:
        raise InvalidInput({FIELD: "addresses of throw-away mail services are not taken here; use one you will read"})

"""Who may sign up without being an operator, and how often: a policy, and the numbers that limit strangers.

It decides on an address and a count alone; who counts, and where, is `operations/sign_up.py`'s matter.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from enum import StrEnum

from chalicelib.domain.email import EmailAddress

CONFIRM_MAILS_PER_DAY = 5
"""Confirmation mails to one address (its quota form) a day: a stranger must not fill somebody's mailbox."""

EXISTS_MAILS_PER_DAY = 1
"""The same for the mail that says that there is a machine already."""


class SignupKind(StrEnum):
    """Who may sign up."""

    OPEN = "open"
    ALLOWLIST = "allowlist"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignupPolicy:
    """`domains` are those of the allow-list, in lower case; a domain does not stand for those below it."""

    kind: SignupKind
    domains: tuple[str, ...] = ()

    def admits(self, address: EmailAddress) -> bool:
        """Whether somebody with this address may sign up."""
        match self.kind:
            case SignupKind.OPEN:
                return True
            case SignupKind.ALLOWLIST:
                return address.value.rpartition("@")[2] in self.domains
            case SignupKind.CLOSED:
                return False


NOBODY = SignupPolicy(kind=SignupKind.CLOSED)
"""The policy where the operator has not said who may."""


def source_of(ip: str) -> str:
    """What counts as one source: an IPv4 address, or the /64 of an IPv6 address, which is what one customer is given.

    Text that is no address is a source of its own, so that a gateway with a fault cannot lift the limit.
    """
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return ip
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((int(address), 64), strict=False))
    return str(address)

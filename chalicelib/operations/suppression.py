"""Addresses that take no mail: whoever's address was refused for good is not written to again, and cannot sign up.

Kept as a counter under a digest, so that no address can be read back from it. The address counts as it was written to,
not its quota form: a stranger who signs up as name+nonsense must not shut out whoever reads the mail of name.
"""

from __future__ import annotations

from datetime import timedelta

from chalicelib.domain import tokens
from chalicelib.domain.email import EmailAddress
from chalicelib.operations.services import Services

KEPT = timedelta(days=30)
"""How long an address stays suppressed; mailboxes come back."""


def suppress(services: Services, address: EmailAddress) -> None:
    """Remember that this address takes no mail."""
    services.instances.add(_key(services, address), 1, cap=None, expires_at=services.clock.now() + KEPT)


def lift(services: Services, address: EmailAddress) -> None:
    """Forget it: an operator who orders a machine for somebody says that the address is good."""
    key = _key(services, address)
    if (counted := services.instances.counters([key])[key]) > 0:
        services.instances.add(key, -counted, cap=None, expires_at=None)


def is_suppressed(services: Services, address: EmailAddress) -> bool:
    """Whether mail to this address was refused for good a while ago."""
    key = _key(services, address)
    return services.instances.counters([key])[key] > 0


def _key(services: Services, address: EmailAddress) -> str:
    return f"suppressed#{tokens.owner_key(services.keyring.pepper(), address.value.lower())}"

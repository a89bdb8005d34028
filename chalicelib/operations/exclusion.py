"""Addresses that an operator has shut out: nobody gets a machine for them until an operator lets them in again.

Kept as a counter under a digest of the address's quota form, so that no spelling of it gets through and no address can
be read back. A write that takes up quota checks it again in its own transaction: whoever asks in the same moment in
which the address is shut out is either refused, or was first and is among what is ended.
"""

from __future__ import annotations

from datetime import timedelta

from chalicelib.domain.email import EmailAddress
from chalicelib.domain.errors import CounterFull, SignupClosed
from chalicelib.operations.new_row import owner_of
from chalicelib.operations.ports import CounterChange
from chalicelib.operations.services import Services

KEPT = timedelta(days=3650)
"""How long an address stays shut out if nobody lets it in: longer than anybody runs such a service unchanged."""

GUARD_KEPT = timedelta(days=2)
"""How long the trace of a check in a transaction stays where nobody is shut out."""

_PREFIX = "excluded#"


def exclude(services: Services, address: EmailAddress) -> bool:
    """Shut an address out; whether it was not before."""
    try:
        expires_at = services.clock.now() + KEPT
        services.instances.add(_key(owner_of(services, address)), 1, cap=1, expires_at=expires_at)
    except CounterFull:
        return False
    return True


def admit(services: Services, address: EmailAddress) -> bool:
    """Let an address in again; whether it was shut out."""
    key = _key(owner_of(services, address))
    counted = services.instances.counters([key])[key]
    if counted > 0:
        services.instances.add(key, -counted, cap=None, expires_at=services.clock.now() + GUARD_KEPT)
    return counted > 0


def is_excluded(services: Services, address: EmailAddress) -> bool:
    """Whether an operator has shut this address out, in whatever spelling."""
    key = _key(owner_of(services, address))
    return services.instances.counters([key])[key] > 0


def guard(services: Services, owner: str) -> CounterChange:
    """The check for a write of a row of this owner: the write fails with CounterFull when they are shut out."""
    return CounterChange(key=_key(owner), amount=0, cap=0, expires_at=services.clock.now() + GUARD_KEPT)


def is_guard(key: str) -> bool:
    """Whether the counter that was full is such a check."""
    return key.startswith(_PREFIX)


def closed() -> SignupClosed:
    """What somebody is told who holds the mailbox of such an address."""
    return SignupClosed("This address cannot have a machine here. Ask the operator.")


def _key(owner: str) -> str:
    return _PREFIX + owner

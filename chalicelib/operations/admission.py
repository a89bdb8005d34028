"""Whether a stranger may have a machine at all: asked at the signup, and again before anything is bought.

An operator who closes the service, or shuts an address out, does so for wishes that are still to be confirmed, too.
"""

from __future__ import annotations

from chalicelib.domain.email import EmailAddress
from chalicelib.domain.errors import SignupClosed
from chalicelib.domain.signup import SignupKind
from chalicelib.operations import exclusion
from chalicelib.operations.services import Services


def require_admission(services: Services, address: EmailAddress) -> None:
    """SignupClosed unless the operator's policy admits this address, and nobody has shut it out.

    For whoever has proved that the mailbox is theirs: a stranger must not learn who is shut out.
    """
    require_policy(services, address)
    if exclusion.is_excluded(services, address):
        raise exclusion.closed()


def require_policy(services: Services, address: EmailAddress) -> None:
    """SignupClosed unless the operator's policy admits this address: what everybody may know."""
    policy = services.limits.signup
    if policy.admits(address):
        return
    if policy.kind is SignupKind.ALLOWLIST:
        raise SignupClosed(f"Only people with an address at {', '.join(policy.domains)} may sign up here.")
    raise SignupClosed("Signing up is closed here. Ask the operator for a machine.")

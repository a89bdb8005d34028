"""Let an address sign up again that an operator had shut out (`deprovision_owner.py`)."""

from __future__ import annotations

from chalicelib.domain.audit import Deed
from chalicelib.domain.email import EmailAddress
from chalicelib.operations import exclusion
from chalicelib.operations.note import note
from chalicelib.operations.services import Services


def admit_owner(services: Services, address: EmailAddress) -> bool:
    """Whether it was shut out; a repeat changes nothing."""
    was_excluded = exclusion.admit(services, address)
    if was_excluded:
        note(services, Deed.OWNER_ADMITTED)
    return was_excluded

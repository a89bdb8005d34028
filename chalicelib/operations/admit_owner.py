"""Let an address sign up again that an operator had shut out (`deprovision_owner.py`)."""

from __future__ import annotations

from chalicelib.domain.audit import Deed
from chalicelib.domain.email import EmailAddress
from chalicelib.operations import exclusion
from chalicelib.operations.deprovision_owner import let_in
from chalicelib.operations.new_row import owner_of
from chalicelib.operations.note import note
from chalicelib.operations.services import Services


def admit_owner(services: Services, address: EmailAddress) -> bool:
    """Whether it was shut out; a repeat changes nothing."""
    let_in(services, owner_of(services, address))
    was_excluded = exclusion.admit(services, address)
    if was_excluded:
        note(services, Deed.OWNER_ADMITTED)
    return was_excluded

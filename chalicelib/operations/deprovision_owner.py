"""The kill switch by address: shut an address out, then end everything it has, whoever ordered it.

First shut out, then looked for: what is confirmed or tried again in that moment is refused, or is found. An operator's
own order for the address is ended too, but the next one is taken: operators are not shut out by their own word.
"""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.domain.audit import Deed
from chalicelib.domain.email import EmailAddress
from chalicelib.domain.errors import CccError
from chalicelib.domain.instance import Instance, Status
from chalicelib.operations import exclusion
from chalicelib.operations.deprovision import deprovision
from chalicelib.operations.new_row import owner_of
from chalicelib.operations.note import note
from chalicelib.operations.services import Services

LOOKS = 3
"""How often the index of an owner is read, also when it names nothing new: it may lag behind what was just written.

Nobody waits between the looks. What an index shows only later than the last of them (a second or two in the cloud, none
on one box) is not ended: the same wish a little later ends it, and only an operator's orders and rows that were there
before the switch can be missing.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerEnded:
    """The instances that this ended, as they are now; `newly_excluded` is False for an address shut out before."""

    ended: tuple[Instance, ...]
    newly_excluded: bool


def deprovision_owner(services: Services, address: EmailAddress) -> OwnerEnded:
    """Shut the address out and end what it has; what one row raises is raised when all others were seen to."""
    newly = exclusion.exclude(services, address)
    if newly:
        note(services, Deed.OWNER_EXCLUDED)
    ended, failures = _all_ended(services, owner_of(services, address))
    if failures:
        raise failures[0]
    return OwnerEnded(ended=tuple(ended), newly_excluded=newly)


def _all_ended(services: Services, owner: str) -> tuple[list[Instance], list[CccError]]:
    """What was ended and what went wrong, each row once."""
    ended: list[Instance] = []
    failures: list[CccError] = []
    seen: set[str] = set()
    for _ in range(LOOKS):
        fresh = [found for found in services.instances.owned(owner) if found not in seen]
        seen.update(fresh)
        for instance_id in fresh:
            try:
                ended += _ended(services, instance_id)
            except CccError as error:
                failures.append(error)
    return ended, failures


def _ended(services: Services, instance_id: str) -> tuple[Instance, ...]:
    """The instance, if there was something to end; an index that lags may name one that is gone."""
    row = services.instances.get(instance_id)
    if row is None or row.terminal or row.status is Status.DELETING:
        return ()
    return (deprovision(services, instance_id),)

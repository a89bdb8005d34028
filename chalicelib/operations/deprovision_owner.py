"""The kill switch by address: shut an address out, then end everything it has, whoever ordered it.

First shut out, then looked for: what is confirmed or tried again in that moment is refused, or is found. An operator's
own order for the address is ended too, but the next one is taken: operators are not shut out by their own word.

What somebody has is told by an index, which may lag behind what was written a moment ago. So it is looked at again by
every tick of some minutes, and what it did not show at first is ended then.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chalicelib.domain.audit import Deed
from chalicelib.domain.email import EmailAddress
from chalicelib.domain.errors import CccError
from chalicelib.domain.instance import Instance, Status
from chalicelib.operations import exclusion
from chalicelib.operations.deprovision import deprovision
from chalicelib.operations.new_row import owner_of
from chalicelib.operations.note import note
from chalicelib.operations.ports import ShutOut, StackState
from chalicelib.operations.services import Services
from chalicelib.operations.switch import switch

LOOKS = 3
"""How often the index is read at once, also when it names nothing new: what it shows now need not wait for a tick."""

LOOKED_FOR = timedelta(minutes=10)
"""How long ticks look again: an index lags by a second or two (DynamoDB promises no bound), ticks come each minute."""


SECOND = timedelta(seconds=1)
"""As fine as clocks are kept. What is there in the second of the switch is ended by it, and not by a tick afterwards:
an operator's next order may have been made in it too."""


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
    shut_out = ShutOut(owner=owner_of(services, address), at=services.clock.now())
    switch(services, lambda stack: replace(stack, shut_out=(*_others(stack, shut_out.owner), shut_out)))
    ended, failures = _all_ended(services, shut_out.owner, spared_from=shut_out.at + SECOND, looks=LOOKS)
    if failures:
        raise failures[0]
    return OwnerEnded(ended=tuple(ended), newly_excluded=newly)


def look_again(services: Services) -> tuple[str, ...]:
    """End what was not shown before; what went wrong in words, for the next tick looks again."""
    now, stack = services.clock.now(), services.stack.get()
    if stack is None or not stack.shut_out:
        return ()
    failures: list[CccError] = []
    try:
        unfinished = set()
        for each in stack.shut_out:
            if failed := _all_ended(services, each.owner, spared_from=each.at, looks=1)[1]:
                failures += failed
                unfinished.add(each.owner)
        switch(services, lambda seen: replace(seen, shut_out=tuple(_still(seen, now, unfinished))))
    except CccError as error:
        failures.append(error)
    return tuple(f"looking again: {failure.code}" for failure in failures)


def let_in(services: Services, owner: str) -> None:
    """Look no more for what this owner has: they may have something again."""
    switch(services, lambda stack: replace(stack, shut_out=_others(stack, owner)))


def _others(stack: StackState, owner: str) -> tuple[ShutOut, ...]:
    return tuple(each for each in stack.shut_out if each.owner != owner)


def _still(stack: StackState, now: datetime, unfinished: Collection[str]) -> Iterator[ShutOut]:
    """Those who are looked for in the next tick too: for their time, and until a look has ended all that it found."""
    return (each for each in stack.shut_out if each.owner in unfinished or abs(now - each.at) < LOOKED_FOR)


def _all_ended(
    services: Services, owner: str, *, spared_from: datetime, looks: int
) -> tuple[list[Instance], list[CccError]]:
    """What was ended and what went wrong, each row once."""
    ended: list[Instance] = []
    failures: list[CccError] = []
    seen: set[str] = set()
    for _ in range(looks):
        fresh = [found for found in services.instances.owned(owner) if found not in seen]
        seen.update(fresh)
        for instance_id in fresh:
            try:
                ended += _ended(services, instance_id, spared_from)
            except CccError as error:
                failures.append(error)
    return ended, failures


def _ended(services: Services, instance_id: str, spared_from: datetime) -> tuple[Instance, ...]:
    """The instance, if there was something to end; an index that lags may name one that is gone.

    An operator who orders for the address after the switch wants what they order.
    """
    row = services.instances.get(instance_id)
    if row is None or row.terminal or row.status is Status.DELETING:
        return ()
    if row.by_operator and row.created_at >= spared_from:
        return ()
    return (deprovision(services, instance_id),)

"""Letting an address in again: once, and noted."""

from __future__ import annotations

from chalicelib.domain.audit import Deed
from chalicelib.domain.email import EmailAddress
from chalicelib.domain.instance import Status
from chalicelib.operations.admit_owner import admit_owner
from chalicelib.operations.deprovision_owner import deprovision_owner
from tests.unit.domain.samples import TEN
from tests.unit.operations.guests import confirmed
from tests.unit.operations.world import GUEST, World


def test_an_address_that_is_let_in_signs_up_as_before() -> None:
    """In any spelling; what was ended stays ended."""
    world = World()
    old = confirmed(world, GUEST.value)
    deprovision_owner(world.services, GUEST)
    world.follow_nudges()
    assert admit_owner(world.services, EmailAddress(value="Name+x@example.com"))
    assert world.row(old.id).status is Status.DELETED
    assert confirmed(world, GUEST.value).status is Status.REQUESTED


def test_who_was_never_shut_out_is_let_in_without_a_trace() -> None:
    """Nothing is written and nothing is noted."""
    world = World()
    before = world.table.contents()
    assert not admit_owner(world.services, GUEST)
    assert world.table.contents() == before


def test_it_is_noted_without_a_name() -> None:
    """The audit says that it happened, and not to whom."""
    world = World()
    deprovision_owner(world.services, GUEST)
    admit_owner(world.services, GUEST)
    entries = world.services.audit.of_day(TEN.date(), 10)
    assert sorted(entry.did for entry in entries) == [Deed.OWNER_ADMITTED, Deed.OWNER_EXCLUDED]
    assert GUEST.value not in str(entries)

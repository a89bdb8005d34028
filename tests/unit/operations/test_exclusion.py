"""Addresses that are shut out: in every spelling, in the write that takes up quota, and until they are let in again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chalicelib.domain.email import EmailAddress
from chalicelib.domain.errors import SignupClosed
from chalicelib.domain.instance import Status
from chalicelib.operations import exclusion
from chalicelib.operations.save import save
from tests.unit.domain.samples import an_instance
from tests.unit.operations.guests import ANNA, asked, confirmed, quota, said_yes, signed_up
from tests.unit.operations.world import World


def address(text: str = ANNA) -> EmailAddress:
    """An address as it was typed."""
    return EmailAddress(value=text)


@pytest.mark.parametrize("spelling", ["anna@example.com", "Anna+work@Example.com", "ANNA@example.com"])
def test_every_spelling_of_an_address_is_shut_out(spelling: str) -> None:
    """Case and what stands behind a plus make no other person; somebody else is not concerned."""
    world = World()
    assert exclusion.exclude(world.services, address())
    assert exclusion.is_excluded(world.services, address(spelling))
    assert not exclusion.is_excluded(world.services, address("bert@example.com"))


def test_shutting_out_twice_is_once_and_letting_in_undoes_it() -> None:
    """The second time says that nothing changed, both ways."""
    world = World()
    assert exclusion.exclude(world.services, address())
    assert not exclusion.exclude(world.services, address())
    assert exclusion.admit(world.services, address())
    assert not exclusion.is_excluded(world.services, address())
    assert not exclusion.admit(world.services, address())


def test_no_address_can_be_read_from_the_table() -> None:
    """What is kept is a digest."""
    world = World()
    exclusion.exclude(world.services, address("findme@example.com"))
    assert "findme" not in str(world.table.contents())


def test_it_lasts_for_years_also_for_somebody_who_was_checked_before() -> None:
    """The trace of a check that was passed may be purged; a word of the operator may not."""
    world = World()
    confirmed(world)
    exclusion.exclude(world.services, address())
    world.table.purge(int((world.clock.now() + timedelta(days=365)).timestamp()))
    assert exclusion.is_excluded(world.services, address())


def test_a_stranger_learns_nothing_and_nothing_happens() -> None:
    """The answer to a signup is the usual one, and there is neither a row nor a mail."""
    world = World()
    usual = signed_up(world, "bert@example.com")
    exclusion.exclude(world.services, address())
    seen = signed_up(world, "anna+2@example.com")
    assert (seen.status, seen.wish, seen.created_at) == (usual.status, usual.wish, usual.created_at)
    assert world.services.instances.get(seen.id) is None
    world.follow_nudges()
    assert [letter.to for letter in world.mailer.sent] == ["bert@example.com"]


def test_whoever_holds_the_mailbox_is_told() -> None:
    """A wish from before is not confirmed, with a sentence; let in again, it is."""
    world = World()
    row = asked(world)
    exclusion.exclude(world.services, address())
    with pytest.raises(SignupClosed, match="Ask the operator"):
        said_yes(world, row.id)
    assert (world.row(row.id).status, world.live) == (Status.UNCONFIRMED, 0)
    exclusion.admit(world.services, address())
    assert said_yes(world, row.id).instance.status is Status.REQUESTED


def test_who_is_shut_out_between_the_question_and_the_write_is_refused() -> None:
    """The write that takes up quota checks it itself: nothing is written and nothing is reserved."""
    world = World()
    row = an_instance(Status.REQUESTED, by_operator=False, owner=world.row(asked(world).id).owner)
    exclusion.exclude(world.services, address())
    with pytest.raises(SignupClosed):
        save(world.services, row, before=None)
    assert world.services.instances.get(row.id) is None
    assert (world.live, world.spend, quota(world, row)) == (0, 0, 0)


def test_operators_are_not_concerned() -> None:
    """An operator's own order for the address is taken."""
    world = World()
    exclusion.exclude(world.services, EmailAddress(value="name@example.com"))
    assert world.order().instance.status is Status.REQUESTED

"""A new manage token: the old ones are dead at once, and no other token is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain.build import Phase
from chalicelib.domain.errors import NotFound, WriteConflict
from chalicelib.domain.instance import Instance, Status
from chalicelib.domain.tokens import Purpose
from chalicelib.operations import authorise, secrets_of
from chalicelib.operations.extend import extend
from chalicelib.operations.rotate_token import rotate_token
from tests.unit.operations.between import Between, meeting
from tests.unit.operations.guests import asked, confirm_token, guests_machine
from tests.unit.operations.world import World


def opens(world: World, row: Instance, token: str) -> bool:
    """Whether a token manages an instance."""
    try:
        authorise.owner(world.services, row.id, token=token)
    except NotFound:
        return False
    return True


def test_the_old_token_is_dead_and_the_new_one_opens() -> None:
    """After each rotation only the newest of all tokens manages the instance."""
    world = World()
    row = guests_machine(world)
    tokens = [secrets_of.manage_token(world.services, row)]
    for _ in range(3):
        tokens.append(rotate_token(world.services, row.id).manage_token)
        assert [opens(world, row, token) for token in tokens] == [False] * (len(tokens) - 1) + [True]
    assert len(set(tokens)) == 4


def test_nothing_else_of_the_row_changes() -> None:
    """Status, end, money and what is owed are as before, and nobody is asked to work."""
    world = World()
    row = guests_machine(world)
    world.nudge.take()
    after = rotate_token(world.services, row.id).instance
    assert replace(after, manage_serial=0, version=row.version, op_id=row.op_id) == row
    assert (after.manage_serial, world.nudge.waiting) == (1, [])


def test_the_tokens_of_box_confirmation_and_builder_live_on() -> None:
    """The serial is the manage purpose's alone; a build that is under way goes on."""
    world = World()
    row = world.installing()
    world.claim(row.id)
    others = {
        purpose: secrets_of.token(world.services, row, purpose, attempt)
        for purpose, attempt in ((Purpose.BOX, 0), (Purpose.CONFIRM, 0), (Purpose.CLAIM, 1), (Purpose.BUILD, 1))
    }
    rotate_token(world.services, row.id)
    after = world.row(row.id)
    assert others == {
        purpose: secrets_of.token(world.services, after, purpose, int(purpose in {Purpose.CLAIM, Purpose.BUILD}))
        for purpose in others
    }
    world.begin(row.id, *Phase)
    world.build(row.id)
    world.follow_nudges()
    assert world.row(row.id).status is Status.RUNNING


def test_a_wish_that_is_not_confirmed_keeps_its_link() -> None:
    """The confirmation mail that left before still confirms."""
    world = World()
    row = asked(world)
    token = confirm_token(world, row.id)
    rotate_token(world.services, row.id)
    assert confirm_token(world, row.id) == token


def test_two_at_once_leave_one_token_alive() -> None:
    """Both are answered; the one that was written last manages, the other is dead."""
    world = World()
    row = guests_machine(world)
    inner: list[Any] = []
    racing = Between(world.services.instances, "write", lambda: inner.append(rotate_token(world.services, row.id)))
    with meeting(world, instances=racing):
        outer = rotate_token(world.services, row.id)
    assert world.row(row.id).manage_serial == 2
    assert (opens(world, row, inner[0].manage_token), opens(world, row, outer.manage_token)) == (False, True)


def test_an_extension_in_between_is_kept() -> None:
    """Somebody adds hours between our look and our write: both take effect."""
    world = World()
    row = guests_machine(world)
    racing = Between(world.services.instances, "write", lambda: extend(world.services, row.id, hours=2, key="k"))
    with meeting(world, instances=racing):
        rotated = rotate_token(world.services, row.id)
    after = world.row(row.id)
    assert (len(after.extensions), after.manage_serial) == (1, 1)
    assert opens(world, row, rotated.manage_token)


def test_i10_a_lost_reply_to_our_own_write_is_a_success() -> None:
    """Written and not answered: the serial was raised once, and the token that is told opens (invariant 10)."""
    world = World()
    row = guests_machine(world)
    world.table.lose_next_reply()
    rotated = rotate_token(world.services, row.id)
    assert world.row(row.id).manage_serial == 1
    assert opens(world, row, rotated.manage_token)


def test_a_row_that_never_holds_still_is_given_up() -> None:
    """After some tries the caller is told to come again, and the old token lives."""
    world = World()
    row = guests_machine(world)
    token = secrets_of.manage_token(world.services, row)
    plain = world.services.instances

    class Restless(Between):
        """Somebody writes before each of our writes."""

        def _happen(self) -> None:
            self._left = 1
            fresh = world.row(row.id)
            plain.write(replace(fresh, retry_at=world.clock.now()), before=fresh)

    with meeting(world, instances=Restless(plain, "write", lambda: None)), pytest.raises(WriteConflict):
        rotate_token(world.services, row.id)
    assert opens(world, row, token)


def test_an_unknown_instance_is_not_found() -> None:
    """An id that leads nowhere, and one that cannot be one."""
    world = World()
    for given in ("0" * 12, "no id"):
        with pytest.raises(NotFound):
            rotate_token(world.services, given)


def test_the_mails_that_follow_carry_the_new_token() -> None:
    """A link that is mailed after the rotation opens the instance."""
    world = World()
    row = guests_machine(world)
    rotated = rotate_token(world.services, row.id)
    extend(world.services, row.id, hours=2, key="k")
    world.follow_nudges()
    assert rotated.manage_token.encode() in world.mailer.sent[-1].message

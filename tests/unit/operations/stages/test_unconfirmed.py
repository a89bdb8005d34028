"""A wish that nobody confirms: its mail is sent, and after a day it is forgotten."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chalicelib.domain.errors import AddressRefused, ConfirmExpired, MailRefused
from chalicelib.domain.instance import Instance, Status
from chalicelib.domain.notice import Kind, Notice, State
from chalicelib.operations.confirm import confirm
from chalicelib.operations.deprovision import deprovision
from tests.unit.domain.samples import HOUR, TEN, an_instance
from tests.unit.operations.guests import ANNA, asked, confirm_token
from tests.unit.operations.world import World


def signed_up(world: World) -> Instance:
    """A stranger's wish that owes its mail."""
    notice = Notice(kind=Kind.CONFIRM, key="confirm", due_at=TEN)
    return world.put(an_instance(Status.UNCONFIRMED, by_operator=False, holds=(), notices=(notice,), due_at=TEN))


def test_the_mail_leaves_and_nothing_is_bought() -> None:
    """A tick sends the confirmation; there is no job, no request and no reservation (rule R24)."""
    world = World()
    row = signed_up(world)
    world.tick()
    assert world.mails() == ["confirm"]
    assert (world.installer.started, world.requests(), world.spend, world.live) == ([], [], 0, 0)
    assert world.row(row.id).due_at == TEN + 24 * HOUR


def test_after_a_day_it_is_forgotten() -> None:
    """One second before 24 hours it can still be confirmed; then it is a tombstone without a mail."""
    world = World()
    row = signed_up(world)
    world.tick()
    world.wait(24 * HOUR - timedelta(seconds=1))
    assert world.row(row.id).status is Status.UNCONFIRMED
    world.wait(timedelta(seconds=1))
    ended = world.row(row.id)
    assert (ended.status, ended.ended_at, ended.due_at) == (Status.DELETED, TEN + 24 * HOUR, None)
    assert world.mails() == ["confirm"]
    assert world.live == 0


def test_i29_the_tombstone_of_a_wish_names_nobody() -> None:
    """Once it is forgotten neither address, key nor owner is in the row or in its index (invariant 29)."""
    world = World()
    row = asked(world)
    blob = row.ssh_public_key.split()[1]
    world.wait(24 * HOUR)
    gone = world.row(row.id)
    assert (gone.email, gone.ssh_public_key, gone.owner, gone.notices) == ("", "", "", ())
    item = world.table.contents()[f"instance#{row.id}"]
    assert not [word for word in (ANNA, blob, row.owner) if word in item]
    assert world.table.owned(row.owner) == []


def test_a_wish_whose_mail_never_left_is_forgotten_all_the_same() -> None:
    """A mailer that is away keeps nothing alive: at 24 hours the mail that is still owed goes with the wish."""
    world = World()
    for _ in range(500):
        world.mailer.fail_next(MailRefused("away"))
    row = asked(world)
    world.settle(row.id, Status.DELETED, within=25 * HOUR)
    world.wait(HOUR)
    assert world.mails() == []
    assert world.row(row.id).due_at is None


def test_a_forgotten_wish_is_purged_after_its_time() -> None:
    """Thirty days after the tombstone only the audit names its id, and after ninety nothing does."""
    world = World()
    row = asked(world)
    world.wait(24 * HOUR)
    world.table.purge(int((world.clock.now() + timedelta(days=30)).timestamp()))
    left = [key for key, text in world.table.contents().items() if row.id in key + text]
    assert {key.partition("#")[0] for key in left} == {"audit"}
    world.table.purge(int((world.clock.now() + timedelta(days=90)).timestamp()))
    assert not [key for key, text in world.table.contents().items() if row.id in key + text]


def test_a_wish_over_the_days_mails_waits_without_a_mail() -> None:
    """It owes nothing and is looked at again only to be forgotten."""
    world = World()
    for number in range(6):
        row = asked(world, source=f"192.0.2.{number}")
    assert row.notices == ()
    assert (row.due_at, row.lease_id) == (TEN + 24 * HOUR, None)


def test_i29_a_wish_that_an_operator_ends_names_nobody() -> None:
    """It is forgotten as if nobody had confirmed it, and its link is dead at once."""
    world = World()
    row = asked(world)
    token = confirm_token(world, row.id)
    deprovision(world.services, row.id)
    gone = world.row(row.id)
    assert (gone.status, gone.email, gone.ssh_public_key, gone.owner) == (Status.DELETED, "", "", "")
    assert gone.request_hash == ""
    with pytest.raises(ConfirmExpired):
        confirm(world.services, row.id, token)


def test_an_invented_address_is_no_alarm() -> None:
    """A confirmation that no server takes is noted in the log and with the row, and no operator is woken."""
    world = World()
    world.mailer.fail_next(AddressRefused("no such mailbox"))
    row = asked(world)
    assert world.row(row.id).notices[0].state is State.UNDELIVERABLE
    assert world.alarms.raised == []

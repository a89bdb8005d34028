"""A wish is confirmed: reserved and started in one write, by whoever holds the mailbox, within a day, once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.domain.errors import (
    ConfirmExpired,
    LimitReached,
    NotFound,
    OutOfStock,
    Paused,
    SignupClosed,
    StoreUnavailable,
    WriteConflict,
)
from chalicelib.domain.instance import Status
from chalicelib.domain.lifecycle import CONFIRM_WITHIN
from chalicelib.domain.notice import Kind, State
from chalicelib.domain.signup import NOBODY
from chalicelib.domain.tokens import Purpose
from chalicelib.operations import authorise, secrets_of
from chalicelib.operations.advance import advance
from chalicelib.operations.confirm import confirm, look
from tests.unit.domain.samples import HOUR, MINUTE, TEN
from tests.unit.operations.between import Between, meeting
from tests.unit.operations.guests import (
    asked,
    confirm_token,
    confirmed,
    guests_machine,
    quota,
    said_yes,
    signed_up,
)
from tests.unit.operations.world import World

Act = Callable[[World, str, str], object]
LOOK_AND_YES: list[Act] = [
    lambda world, given, token: look(world.services, given, token),
    lambda world, given, token: confirm(world.services, given, token),
]


def test_a_yes_reserves_and_starts_in_one_write() -> None:
    """Status, money, live count and quota change together, and somebody is asked to go on."""
    world = World()
    row = asked(world)
    versions = row.version
    done = said_yes(world, row.id)
    after = world.row(row.id)
    assert done.instance == after
    assert (after.status, after.requested_at, after.due_at, after.version) == (
        Status.REQUESTED,
        TEN,
        TEN,
        versions + 1,
    )
    assert (world.live, world.spend, quota(world, row)) == (1, 3 * 68_600, 1)
    assert world.nudge.waiting == [("advance", row.id)]


def test_the_manage_token_is_told_once() -> None:
    """The yes that had the effect is answered with the token; a repeat is told that it has been confirmed."""
    world = World()
    row = asked(world)
    first, second = said_yes(world, row.id), said_yes(world, row.id)
    assert first.manage_token is not None
    assert authorise.owner(world.services, row.id, token=first.manage_token).id == row.id
    assert (first.already, second.already, second.manage_token) == (False, True, None)
    assert (world.live, world.spend, quota(world, row)) == (1, 3 * 68_600, 1)


def test_i10_a_lost_reply_to_our_own_write_is_a_success() -> None:
    """The row was written and the reply was lost: the token is told all the same (invariant 10)."""
    world = World()
    row = asked(world)
    with meeting(world, instances=Between(world.services.instances, "write", world.table.lose_next_reply)):
        done = said_yes(world, row.id)
    assert (done.already, done.manage_token is None) == (False, False)
    assert (world.live, quota(world, row)) == (1, 1)


def test_the_whole_way_of_a_guest() -> None:
    """Asked, confirmed, built, told, warned and ended: one mail of each kind, and the quota is free again."""
    world = World()
    row = guests_machine(world)
    assert (row.status, quota(world, row), row.by_operator) == (Status.RUNNING, 1, False)
    world.settle(row.id, Status.DELETED)
    world.wait(2 * MINUTE)
    end = int((row.expires_at or TEN).timestamp())
    assert world.mails() == ["confirm", "ready", f"ending-60-{end}", f"ending-10-{end}", "ended"]
    assert quota(world, row) == 0


# Looking.


def test_i27_a_look_changes_nothing() -> None:
    """However often a mail scanner follows the link, before and after the yes, the table is as it was (line 128)."""
    world = World()
    row = asked(world, hours=2)
    before = world.table.contents()
    for _ in range(3):
        seen = look(world.services, row.id, confirm_token(world, row.id))
    assert world.table.contents() == before
    assert (seen.instance, seen.already, seen.most_hours) == (row, False, 4)
    assert {choice.server_type for choice in seen.choices} == {"cpx22", "cpx32", "cpx11"}
    said_yes(world, row.id)
    world.nudge.take()
    before = world.table.contents()
    assert look(world.services, row.id, confirm_token(world, row.id)).already
    assert (world.table.contents(), world.nudge.waiting) == (before, [])


def test_a_look_when_nothing_is_in_stock_shows_no_choice() -> None:
    """What was in stock at the signup may be sold out now: that is shown and is no error; a yes is refused."""
    world = World()
    row = asked(world, server_type="cpx11")
    world.services.catalogue.refuse("cpx11@ash", TEN + HOUR)
    assert look(world.services, row.id, confirm_token(world, row.id)).choices == ()
    with pytest.raises(OutOfStock):
        said_yes(world, row.id)
    assert world.row(row.id) == row


# Whose it is.


@pytest.mark.parametrize("act", LOOK_AND_YES)
def test_line_132_unknown_foreign_and_wrong_give_the_same_answer(act: Act) -> None:
    """An unknown id, another wish's token, the wrong purpose and an operator's row look alike (line 132, I13)."""
    world = World()
    mine, other = asked(world), asked(world, "berta@example.com")
    ordered = world.order().instance
    before = world.table.contents()
    tries = [
        ("0" * 12, confirm_token(world, mine.id)),
        ("not an id", confirm_token(world, mine.id)),
        (mine.id, confirm_token(world, other.id)),
        (mine.id, secrets_of.manage_token(world.services, mine)),
        (mine.id, secrets_of.token(world.services, mine, Purpose.BOX)),
        (mine.id, ""),
        (mine.id, "\ud800"),
        (ordered.id, secrets_of.token(world.services, ordered, Purpose.CONFIRM)),
        (ordered.id, secrets_of.manage_token(world.services, ordered)),
    ]
    answers = set()
    for given, token in tries:
        with pytest.raises(NotFound) as caught:
            act(world, given, token)
        answers.add((str(caught.value), str(caught.value.data)))
    assert len(answers) == 1
    assert world.table.contents() == before


def test_the_confirm_token_opens_nothing_else() -> None:
    """Whoever has the link of the first mail alone manages nothing, before and after the yes."""
    world = World()
    row = asked(world)
    token = confirm_token(world, row.id)
    for _ in range(2):
        with pytest.raises(NotFound):
            authorise.owner(world.services, row.id, token=token)
        said_yes(world, row.id)


# Within a day.


@pytest.mark.parametrize("act", LOOK_AND_YES)
@pytest.mark.parametrize("before", [False, True], ids=["never confirmed", "confirmed"])
def test_line_131_the_link_is_dead_a_day_after_the_signup(act: Act, before: bool) -> None:
    """One second before 24 hours it opens; at 24 hours it is expired, also where it was confirmed (line 131)."""
    world = World()
    row = asked(world, hours=48)
    token = confirm_token(world, row.id)
    if before:
        said_yes(world, row.id)
    world.clock.advance(CONFIRM_WITHIN - (MINUTE / 60))
    look(world.services, row.id, token)
    world.clock.advance(MINUTE / 60)
    with pytest.raises(ConfirmExpired):
        act(world, row.id, token)
    world.nudge.deaf = True
    world.tick()
    with pytest.raises(ConfirmExpired):
        act(world, row.id, token)


def test_a_yes_in_the_last_second_is_kept() -> None:
    """Confirmed just before a worker forgets it: it is an order, and the worker leaves it alone."""
    world = World()
    row = asked(world)
    token = confirm_token(world, row.id)
    world.clock.advance(CONFIRM_WITHIN - (MINUTE / 60))
    confirm(world.services, row.id, token)
    world.clock.advance(MINUTE / 60)
    world.follow_nudges()
    assert world.row(row.id).status is Status.INSTALLING


# Others at the same moment.


def test_a_yes_while_a_worker_sends_the_mail_takes_effect() -> None:
    """The row is held by whoever sends its mail: the yes is written all the same, and the machine is built."""
    world = World()
    wished = signed_up(world)
    mailer: Any = Between(world.mailer, "send", lambda: said_yes(world, wished.id), after=True)
    advance(replace(world.services, mailer=mailer), wished.id)
    world.follow_nudges()
    assert world.mails() == ["confirm"]
    assert world.row(wished.id).status is Status.INSTALLING
    assert (world.live, quota(world, wished)) == (1, 1)


def test_a_yes_while_a_dead_worker_holds_the_row_waits_for_its_lease() -> None:
    """Confirmed at once; work begins when the lease of the worker that died has run out."""
    world = World()
    wished = signed_up(world)
    held = world.held(wished.id)
    assert said_yes(world, wished.id).instance.lease_id == held.lease_id
    world.follow_nudges()
    assert world.row(wished.id).status is Status.REQUESTED
    world.settle(wished.id, Status.INSTALLING, within=2 * MINUTE)


def test_m08_a_mail_that_is_still_owed_when_it_is_confirmed_is_dropped() -> None:
    """A wish confirmed by the first copy of its mail is not asked a second time (row M8)."""
    world = World()
    wished = signed_up(world)
    said_yes(world, wished.id)
    world.follow_nudges()
    assert [(notice.kind, notice.state) for notice in world.row(wished.id).notices] == [(Kind.CONFIRM, State.DROPPED)]
    assert world.mails() == []


def test_two_yeses_at_once_have_one_effect() -> None:
    """Both are answered, one with the token, and one machine is reserved."""
    world = World()
    row = asked(world)
    inner: list[Any] = []
    with meeting(
        world, instances=Between(world.services.instances, "write", lambda: inner.append(said_yes(world, row.id)))
    ):
        outer = said_yes(world, row.id)
    assert (inner[0].already, outer.already, outer.manage_token) == (False, True, None)
    assert (world.live, world.spend, quota(world, row)) == (1, 3 * 68_600, 1)


def test_two_wishes_of_one_address_confirmed_at_once_are_one_machine() -> None:
    """Whoever writes second is told that there is a machine; nothing of theirs is reserved."""
    world = World()
    first, second = asked(world), asked(world, "Anna+work@example.com")
    with (
        meeting(world, instances=Between(world.services.instances, "write", lambda: said_yes(world, second.id))),
        pytest.raises(LimitReached) as caught,
    ):
        said_yes(world, first.id)
    assert caught.value.data == {"limit": "owner", "left": 0}
    assert [world.row(each.id).status for each in (first, second)] == [Status.UNCONFIRMED, Status.REQUESTED]
    assert (world.live, world.spend, quota(world, first)) == (1, 3 * 68_600, 1)


def test_a_row_that_never_holds_still_is_given_up() -> None:
    """After some tries the caller is told to come again; nothing is reserved."""
    world = World()
    row = asked(world)

    def touch() -> None:
        fresh = world.row(row.id)
        plain.write(replace(fresh, retry_at=world.clock.now()), before=fresh)

    class Restless(Between):
        """Somebody writes before each of our writes."""

        def _happen(self) -> None:
            self._left = 1
            touch()

    plain = world.services.instances
    with meeting(world, instances=Restless(plain, "write", touch)), pytest.raises(WriteConflict):
        said_yes(world, row.id)
    assert (world.live, world.spend, quota(world, row)) == (0, 0, 0)


# What stands against it.


def test_the_second_machine_of_an_owner_is_refused() -> None:
    """Two wishes were mailed before either was confirmed: the second yes is refused and reserves nothing."""
    world = World()
    first, second = asked(world), asked(world)
    said_yes(world, first.id)
    before = world.table.contents()
    with pytest.raises(LimitReached) as caught:
        said_yes(world, second.id)
    assert caught.value.data["limit"] == "owner"
    assert world.table.contents() == before
    said_yes(world, first.id)


def test_a_refused_yes_can_be_said_again() -> None:
    """Once the first machine has ended, the second wish is confirmed with the same link."""
    world = World()
    first, second = asked(world), asked(world)
    said_yes(world, first.id)
    world.follow_nudges()
    world.build(first.id)
    world.settle(first.id, Status.DELETED)
    assert said_yes(world, second.id).already is False


@pytest.mark.parametrize(
    ("limits", "limit"),
    [
        ({"max_live": 0}, "live"),
        ({"max_monthly_eur": Decimal("0.1")}, "spend"),
        ({"max_creates_per_hour": 0}, "creates"),
    ],
)
def test_i22_a_cap_that_was_reached_meanwhile_refuses_the_yes(limits: dict[str, Any], limit: str) -> None:
    """There was room at the signup and there is none now: nothing is reserved, and the wish stays (invariant 22)."""
    world = World()
    row = asked(world)
    before = world.table.contents()
    world.services = replace(world.services, limits=replace(world.services.limits, **limits))
    with pytest.raises(LimitReached) as caught:
        said_yes(world, row.id)
    assert caught.value.data["limit"] == limit
    assert world.table.contents() == before


def test_rule_25_a_paused_service_takes_no_yes() -> None:
    """The operator's switch stops confirmations too; a wish that was confirmed before says so (rule R25)."""
    world = World()
    row, running = asked(world), confirmed(world, "berta@example.com")
    world.services.stack.write(replace(world.stack, paused=True), world.stack)
    with pytest.raises(Paused):
        said_yes(world, row.id)
    assert said_yes(world, running.id).already


def test_i18_a_store_that_is_away_reserves_nothing() -> None:
    """The error comes through, and the wish is as it was (invariant 18)."""
    world = World()
    row = asked(world)
    token = confirm_token(world, row.id)
    failing = Between(world.services.instances, "write", lambda: world.table.fail_next(StoreUnavailable("away")))
    with meeting(world, instances=failing), pytest.raises(StoreUnavailable):
        confirm(world.services, row.id, token)
    assert (world.row(row.id), world.live, quota(world, row)) == (row, 0, 0)


def test_the_address_of_the_row_is_where_the_mail_went() -> None:
    """The confirmation goes to the address as it was typed, not to its quota form."""
    world = World()
    asked(world, "Anna+cloud@example.com")
    assert [letter.to for letter in world.mailer.sent] == ["Anna+cloud@example.com"]


def test_a_service_that_was_closed_since_makes_nothing() -> None:
    """A wish taken while everybody could sign up is not confirmed after the operator has closed the service."""
    world = World()
    row = asked(world)
    world.services = replace(world.services, limits=replace(world.services.limits, signup=NOBODY))
    with pytest.raises(SignupClosed):
        said_yes(world, row.id)
    assert (world.row(row.id).status, world.live, world.spend) == (Status.UNCONFIRMED, 0, 0)

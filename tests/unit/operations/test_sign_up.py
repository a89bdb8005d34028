"""A stranger's wish: one row, one mail, nothing reserved, and an answer that tells nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.domain.email import EmailAddress
from chalicelib.domain.errors import InvalidInput, LimitReached, OutOfStock, Paused, SignupClosed
from chalicelib.domain.instance import Status, Wish
from chalicelib.domain.notice import Kind, State
from chalicelib.domain.signup import SignupKind, SignupPolicy
from chalicelib.operations.sign_up import pretend
from chalicelib.operations.suppression import suppress
from tests.unit.domain.samples import HOUR, TEN
from tests.unit.operations.guests import ANNA, asked, confirmed, guests_machine, quota, signed_up
from tests.unit.operations.world import SSH_KEY, World

LISTED = SignupPolicy(kind=SignupKind.ALLOWLIST, domains=("example.org",))


def test_rule_24_a_signup_is_a_row_and_a_mail_and_reserves_nothing() -> None:
    """One unconfirmed row that owes `confirm`; live, spend and quota are as before, and the mail leaves (rule R24)."""
    world = World()
    wished = signed_up(world)
    row = world.row(wished.id)
    assert (row.status, row.by_operator, row.holds, row.requested_at) == (Status.UNCONFIRMED, False, (), None)
    assert [(notice.kind, notice.key, notice.state) for notice in row.notices] == [
        (Kind.CONFIRM, "confirm", State.OWED)
    ]
    assert (world.live, world.spend, quota(world, row)) == (0, 0, 0)
    world.follow_nudges()
    assert world.mails() == ["confirm"]
    assert (world.live, world.spend, quota(world, row)) == (0, 0, 0)
    assert (world.installer.started, world.requests()) == ([], [])


def test_line_92_before_the_mail_is_answered_nothing_is_bought() -> None:
    """However many ticks pass, an unconfirmed wish leads to no request (line 92)."""
    world = World()
    row = asked(world)
    for _ in range(10):
        world.wait(HOUR)
    assert world.row(row.id).status is Status.UNCONFIRMED
    assert (world.requests(), world.installer.started, world.live, world.spend) == ([], [], 0, 0)


def test_the_row_keeps_the_wish_the_key_line_and_no_address_in_its_owner() -> None:
    """The comment of the key is our name for the machine, and the owner a digest."""
    world = World()
    row = world.row(signed_up(world, hours=3, server_type="cpx22").id)
    assert (row.wish.hours, row.wish.server_type, row.email) == (3, "cpx22", ANNA)
    assert row.ssh_public_key.endswith(f" {row.name}")
    assert "anna" not in row.owner


@pytest.mark.parametrize("address", ["name@example.com", "name@sub.example.org"])
def test_with_an_allow_list_others_are_refused(address: str) -> None:
    """An address elsewhere is refused with the domains that may, and nothing is written."""
    world = World(signup=LISTED)
    before = world.table.contents()
    with pytest.raises(SignupClosed, match=r"example\.org"):
        signed_up(world, address)
    assert world.table.contents() == before


def test_with_an_allow_list_those_named_sign_up() -> None:
    """An address of a listed domain is taken like any other."""
    world = World(signup=LISTED)
    assert asked(world, "name@example.org").status is Status.UNCONFIRMED
    assert world.mails() == ["confirm"]


def test_a_closed_service_refuses_everybody_but_operators() -> None:
    """With `closed` no stranger signs up, and an operator still orders."""
    world = World(signup=SignupPolicy(kind=SignupKind.CLOSED))
    with pytest.raises(SignupClosed):
        signed_up(world)
    assert world.order().instance.status is Status.REQUESTED


def test_line_52_a_suppressed_address_is_refused_in_words_that_tell_nothing() -> None:
    """Whose mail was refused for good is asked for another address, and told no reason (line 52)."""
    world = World()
    suppress(world.services, EmailAddress(value=ANNA))
    before = world.table.contents()
    with pytest.raises(InvalidInput) as caught:
        signed_up(world)
    assert set(caught.value.fields) == {"email"}
    assert not {"bounce", "suppress", "refused", "mail"} & set(caught.value.fields["email"].split())
    assert world.table.contents() == before


@pytest.mark.parametrize(
    ("limits", "limit"),
    [({"max_live": 0}, "live"), ({"max_monthly_eur": Decimal(0)}, "spend"), ({"max_creates_per_hour": 0}, "creates")],
)
def test_line_90_when_the_service_is_full_nobody_is_asked_to_confirm(limits: dict[str, Any], limit: str) -> None:
    """A cap that stands against any machine is told at once, and no mail is owed (line 90)."""
    world = World(**limits)
    before = world.table.contents()
    with pytest.raises(LimitReached) as caught:
        signed_up(world)
    assert caught.value.data["limit"] == limit
    assert world.table.contents() == before


def test_a_pause_an_empty_shelf_and_bad_hours_are_told_at_once() -> None:
    """What stands against an operator's order stands against a stranger's wish, and is not counted."""
    world = World()
    before = world.table.contents()
    with pytest.raises(OutOfStock):
        signed_up(world, server_type="cx23")
    with pytest.raises(InvalidInput):
        signed_up(world, hours=73)
    assert world.table.contents() == before
    world.services.stack.write(replace(world.stack, paused=True), world.stack)
    with pytest.raises(Paused):
        signed_up(world)


def test_line_87_who_has_a_machine_gets_another_mail_and_the_same_answer() -> None:
    """The answer is that of a first signup; the mail says `exists` and nothing is to be confirmed (line 87)."""
    world, other = World(), World()
    guests_machine(world)
    first, second = signed_up(other), signed_up(world)
    shape: dict[str, Any] = {
        "id": "",
        "created_at": TEN,
        "status_since": TEN,
        "due_at": TEN,
        "ssh_public_key": "",
        "notices": (),
    }
    shape |= {"op_id": ""}
    assert replace(second, **shape) == replace(first, **shape)
    world.follow_nudges()
    assert world.mails() == ["confirm", "ready", "exists"]
    assert world.row(second.id).status is Status.UNCONFIRMED
    assert (world.live, len(world.servers.project.servers)) == (1, 1)


def test_line_87_at_most_one_such_mail_leaves_a_day() -> None:
    """Ten more wishes in a day bring one mail; when a day has passed, one more (line 87)."""
    world = World()
    guests_machine(world, hours=48)
    for number in range(10):
        asked(world, source=f"192.0.2.{number}")
    assert world.mails().count("exists") == 1
    world.clock.advance(24 * HOUR)
    asked(world)
    assert world.mails().count("exists") == 1
    world.clock.advance(4 * HOUR)
    asked(world)
    assert world.mails().count("exists") == 2


def test_with_two_machines_an_address_the_second_is_confirmed_like_the_first() -> None:
    """Only who has as many as one address may have is told that there is a machine."""
    world = World(per_owner=2)
    guests_machine(world)
    asked(world)
    assert world.mails() == ["confirm", "ready", "confirm"]


def test_a_lost_nudge_costs_a_minute() -> None:
    """The mail leaves with the next tick."""
    world = World()
    world.nudge.deaf = True
    signed_up(world)
    world.wait(timedelta(minutes=1))
    assert world.mails() == ["confirm"]


def test_rule_24_a_thousand_invented_addresses_reserve_nothing() -> None:
    """From many sources, a thousand wishes leave live, spend, quotas and servers untouched (rule R24)."""
    world = World()
    living = guests_machine(world)
    before = (world.live, world.spend, quota(world, living), dict(world.servers.project.servers), world.requests())
    quotas = {key for key in world.table.contents() if key.startswith("quota#")}
    for number in range(1000):
        signed_up(world, f"nobody{number}@example.net", source=f"2001:db8:{number:x}::1")
    world.follow_nudges()
    after = (world.live, world.spend, quota(world, living), dict(world.servers.project.servers), world.requests())
    assert after == before
    assert {key for key in world.table.contents() if key.startswith("quota#")} == quotas
    assert confirmed(world, "berta@example.com").status is Status.REQUESTED


def test_line_91_what_a_robot_is_answered_is_written_nowhere() -> None:
    """The pretended wish looks like a wish, has an id of its own each time, and the table is as it was (line 91)."""
    world = World()
    before = world.table.contents()
    robots = [
        pretend(
            world.services,
            email=EmailAddress(value=ANNA),
            ssh_key=SSH_KEY,
            wish=Wish(hours=1),
            request_hash="hash",
        )
        for _ in range(2)
    ]
    assert world.table.contents() == before
    assert (world.nudge.waiting, world.mails()) == ([], [])
    assert robots[0].id != robots[1].id
    person = signed_up(world)
    shape: dict[str, Any] = {"id": "", "ssh_public_key": "", "notices": (), "op_id": "", "version": 0}
    assert replace(robots[0], **shape) == replace(person, **shape)

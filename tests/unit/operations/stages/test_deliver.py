"""The mails that a row owes: counted before they leave, never three times, never stale."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.email import EmailAddress
from chalicelib.domain.errors import AddressRefused, InvalidInput, MailRefused, MailUnknown, StoreUnavailable
from chalicelib.domain.instance import EndReason, Instance, Status
from chalicelib.domain.notice import MAX_ATTEMPTS, Kind, Notice, State
from chalicelib.operations import secrets_of
from chalicelib.operations.advance import advance
from chalicelib.operations.deprovision import deprovision
from chalicelib.operations.extend import extend
from chalicelib.operations.rotate_token import rotate_token
from chalicelib.operations.suppression import is_suppressed, suppress
from tests.unit.domain.samples import HOUR, MINUTE
from tests.unit.operations.between import Between
from tests.unit.operations.guests import asked, confirm_token, guests_machine, said_yes, signed_up
from tests.unit.operations.world import GUEST, World


class Killed(BaseException):
    """The worker is gone."""


def kill() -> None:
    """End a worker without a word."""
    raise Killed


def built(world: World) -> Instance:
    """An instance that has just begun to run and whose `ready` has not left yet."""
    row = world.installing()
    world.nudge.deaf = True
    world.build(row.id)
    world.nudge.deaf = False
    return world.row(row.id)


def ready_of(world: World, row: Instance) -> Notice:
    """The instance's first notice."""
    return next(notice for notice in world.row(row.id).notices if notice.kind is Kind.READY)


def test_m05_a_refused_mail_is_sent_later_and_counts_as_no_attempt() -> None:
    """Known not to have left: tried again after 2, 4, 8 minutes, as often as it takes (row M5)."""
    world = World()
    row = built(world)
    for refusals, minutes in enumerate((2, 4, 8), start=1):
        world.mailer.fail_next(MailRefused("throttled"))
        world.tick()
        ready = ready_of(world, row)
        assert (ready.attempts, ready.refusals) == (0, refusals)
        assert ready.due_at == world.clock.now() + minutes * MINUTE
        world.clock.advance(minutes * MINUTE)
    world.tick()
    assert world.mails() == ["ready"]
    assert ready_of(world, row).state is State.SENT


@pytest.mark.parametrize("refusals", [8, 30, 1000])
def test_m05_the_waits_grow_to_six_hours_and_no_further(refusals: int) -> None:
    """A mailer that is down for days, or months, is asked four times a day (row M5)."""
    world = World()
    row = world.running(72)
    before = world.row(row.id)
    late = Notice(kind=Kind.EXTENDED, key="e", due_at=world.clock.now(), about=row.expires_at, refusals=refusals)
    world.services.instances.write(replace(before, notices=(late,), due_at=world.clock.now()), before=before)
    world.mailer.fail_next(MailRefused("down"))
    world.tick()
    (notice,) = world.row(row.id).notices
    assert notice.due_at == world.clock.now() + 6 * HOUR


def test_m04_a_mail_without_an_answer_is_sent_a_second_time_and_never_a_third() -> None:
    """Two attempts of unknown outcome: then an alarm, and no third copy (rows M3, M4, M7)."""
    world = World()
    row = built(world)
    for _ in range(MAX_ATTEMPTS):
        world.mailer.deliver_then_fail(MailUnknown("no answer"))
        world.wait(6 * MINUTE)
    assert world.mails() == ["ready", "ready"]
    assert ready_of(world, row).state is State.OWED
    world.wait(6 * MINUTE)
    world.wait(6 * MINUTE)
    assert world.mails() == ["ready", "ready"]
    assert ready_of(world, row).state is State.UNCONFIRMED
    assert world.alarms.events() == ["mail.unconfirmed"]


def test_m03_both_copies_have_one_message_id() -> None:
    """A second copy is known as one by the reader's program (row M3)."""
    world = World()
    built(world)
    world.mailer.deliver_then_fail(MailUnknown("no answer"))
    world.tick()
    world.wait(6 * MINUTE)
    assert len(world.mailer.sent) == 2
    assert len({letter.message_id for letter in world.mailer.sent}) == 1


@pytest.mark.parametrize("after", [False, True])
def test_m02_m03_a_sender_that_died_leaves_one_more_attempt(after: bool) -> None:
    """Killed just before or just after the mail left: one further attempt after five minutes (rows M2, M3)."""
    world = World()
    row = built(world)
    mailer: Any = Between(world.mailer, "send", kill, after=after)
    with pytest.raises(Killed):
        advance(replace(world.services, mailer=mailer), row.id)
    claimed = ready_of(world, row)
    assert (claimed.attempts, claimed.state) == (1, State.OWED)
    world.wait(MINUTE)
    assert len(world.mails()) == int(after)
    world.wait(5 * MINUTE)
    assert len(world.mails()) == 1 + int(after)
    assert ready_of(world, row).state is State.SENT


@pytest.mark.parametrize("after", [False, True])
def test_m07_two_senders_that_died_are_the_last(after: bool) -> None:
    """Killed in both attempts: none to two mails, an alarm, and never a third (row M7)."""
    world = World()
    row = built(world)
    for _ in range(2):
        mailer: Any = Between(world.mailer, "send", kill, after=after)
        with pytest.raises(Killed):
            advance(replace(world.services, mailer=mailer), row.id)
        world.clock.advance(6 * MINUTE)
    for _ in range(3):
        world.wait(6 * MINUTE)
    assert len(world.mails()) == 2 * int(after)
    assert ready_of(world, row).state is State.UNCONFIRMED
    assert world.alarms.events() == ["mail.unconfirmed"]


def test_m06_two_senders_send_once() -> None:
    """While one sends, the other finds the row held (row M6)."""
    world = World()
    row = built(world)
    mailer: Any = Between(world.mailer, "send", lambda: advance(world.services, row.id))
    advance(replace(world.services, mailer=mailer), row.id)
    assert world.mails() == ["ready"]


def test_m08_a_machine_that_is_ended_meanwhile_is_not_announced() -> None:
    """Ended between the look and the claim of the mail: `ready` does not leave (row M8)."""
    world = World()
    row = built(world)
    letters: Any = Between(world.letters, "render", lambda: deprovision(world.services, row.id))
    advance(replace(world.services, letters=letters), row.id)
    assert world.row(row.id).status is Status.DELETED
    assert world.mails() == ["ended"]


def test_m12_a_warning_of_an_end_that_has_moved_is_not_sent() -> None:
    """Extended between the look and the claim of the mail: the warning of the old end stays dropped (row M12)."""
    world = World()
    row = world.running(2)
    assert row.expires_at is not None
    world.clock.advance(row.expires_at - HOUR - world.clock.now())
    letters: Any = Between(world.letters, "render", lambda: extend(world.services, row.id, hours=5, key="k"))
    advance(replace(world.services, letters=letters), row.id)
    assert not [subject for subject in world.mails() if subject.startswith("ending")]
    assert [subject for subject in world.mails() if subject.startswith("extended")]


def test_a_stale_notice_is_dropped_without_an_attempt() -> None:
    """An `extended` of an end that has moved on is not told any more; the newest is."""
    world = World()
    row = world.running()
    extend(world.services, row.id, hours=1, key="k")
    newest = extend(world.services, row.id, hours=1, key="l").extension.new_expires_at
    world.follow_nudges()
    assert world.mails() == ["ready", f"extended-{int(newest.timestamp())}"]


def test_m11_a_letter_that_cannot_be_written_holds_up_nothing() -> None:
    """A renderer with a bug raises an alarm, counts as a refusal, and the machine runs and ends (row M11)."""
    world = World()
    row = built(world)
    world.letters.fail_next(ZeroDivisionError())
    world.tick()
    assert world.alarms.raised == [
        ("mail.not_rendered", {"instance_id": row.id, "notice": Kind.READY, "error": "ZeroDivisionError"})
    ]
    assert world.mails() == []
    world.wait(2 * MINUTE)
    assert world.mails() == ["ready"]


def test_i26_no_alarm_names_an_address_or_a_token() -> None:
    """What an operator is told of failed mails holds ids and kinds only (invariant 26)."""
    world = World()
    row = built(world)
    world.letters.fail_next(ValueError(row.email))
    world.tick()
    for _ in range(3):
        world.mailer.deliver_then_fail(MailUnknown(row.email))
        world.wait(6 * MINUTE)
    assert world.alarms.raised
    assert row.email not in str(world.alarms.raised)
    assert "ccc_manage_" not in str(world.alarms.raised)


def test_m10_mail_that_never_leaves_does_not_keep_a_machine_alive() -> None:
    """With the mailer refusing everything an instance still ends on time (row R19)."""
    world = World()
    for _ in range(500):
        world.mailer.fail_next(MailRefused("suppressed"))
    row = world.running()
    ended = world.settle(row.id, Status.DELETED)
    assert ended.ended_at == row.expires_at
    assert world.mails() == []
    assert timedelta(0) < (world.row(row.id).due_at or world.clock.now()) - world.clock.now() <= 6 * HOUR


def test_m10_an_address_that_takes_no_mail_is_marked_and_not_written_to_again() -> None:
    """Refused for good: the notice is undeliverable, an alarm is raised, and nothing is sent again (row M10)."""
    world = World()
    row = built(world)
    world.mailer.fail_next(AddressRefused("no such mailbox"))
    world.tick()
    assert ready_of(world, row).state is State.UNDELIVERABLE
    assert world.alarms.raised == [("mail.undeliverable", {"instance_id": row.id, "notice": Kind.READY})]
    assert is_suppressed(world.services, EmailAddress(value=row.email))
    ended = world.settle(row.id, Status.DELETED)
    world.wait(MINUTE)
    assert (ended.end_reason, ended.ended_at) == (EndReason.EXPIRED, world.row(row.id).expires_at)
    assert world.mails() == []
    assert {each.state for each in world.row(row.id).notices} == {State.UNDELIVERABLE}
    assert world.row(row.id).due_at is None


def test_m10_another_instance_of_a_suppressed_address_is_not_written_to() -> None:
    """A machine whose owner's address bounced meanwhile runs, and each mail it would owe raises an alarm (row M10)."""
    world = World()
    row = world.installing()
    suppress(world.services, GUEST)
    world.build(row.id)
    world.follow_nudges()
    assert world.row(row.id).status is Status.RUNNING
    assert world.mails() == []
    assert world.alarms.events() == ["mail.undeliverable"]


def test_m10_a_confirmation_that_cannot_be_delivered_leaves_a_wish_that_is_forgotten() -> None:
    """A mistyped address: nobody can confirm, a second signup is refused, nothing is reserved (row M10)."""
    world = World()
    world.mailer.fail_next(AddressRefused("no such mailbox"))
    row = asked(world)
    assert [each.state for each in row.notices] == [State.UNDELIVERABLE]
    with pytest.raises(InvalidInput):
        signed_up(world)
    assert world.settle(row.id, Status.DELETED, within=25 * HOUR).email == ""
    assert (world.live, world.spend) == (0, 0)


def test_m10_a_store_that_is_away_just_then_does_not_lose_the_refusal() -> None:
    """The refusal could not be remembered: the second attempt finds it again, and then it is (row M10)."""
    world = World()
    row = built(world)
    world.mailer.fail_next(AddressRefused("no such mailbox"))
    mailer: Any = Between(world.mailer, "send", lambda: world.table.fail_next(StoreUnavailable("away")))
    with pytest.raises(StoreUnavailable):
        advance(replace(world.services, mailer=mailer), row.id)
    assert ready_of(world, row).state is State.OWED
    world.mailer.fail_next(AddressRefused("no such mailbox"))
    world.wait(6 * MINUTE)
    assert ready_of(world, row).state is State.UNDELIVERABLE
    assert is_suppressed(world.services, EmailAddress(value=row.email))


def test_m01_a_notice_that_nobody_sends_is_sent_by_the_next_tick() -> None:
    """Owed in the row and every nudge lost: the tick sends it (row M1)."""
    world = World()
    built(world)
    assert world.mails() == []
    world.nudge.deaf = True
    world.wait(MINUTE)
    assert world.mails() == ["ready"]


def test_m08_a_letter_with_a_dead_token_does_not_leave() -> None:
    """A new manage token is made while the letter is written: it is written anew with that one (row M8)."""
    world = World()
    row = built(world)
    made: list[str] = []
    letters: Any = Between(
        world.letters, "render", lambda: made.append(rotate_token(world.services, row.id).manage_token), after=True
    )
    advance(replace(world.services, letters=letters), row.id)
    (letter,) = world.mailer.sent
    assert made[0].encode() in letter.message
    ready = ready_of(world, row)
    assert (ready.state, ready.attempts) == (State.SENT, 1)


def test_m08_a_wish_that_is_confirmed_meanwhile_is_not_asked() -> None:
    """Confirmed between the look and the claim of its mail, by an earlier copy: no further one leaves (row M8)."""
    world = World()
    wished = signed_up(world)
    letters: Any = Between(world.letters, "render", lambda: said_yes(world, wished.id))
    advance(replace(world.services, letters=letters), wished.id)
    assert world.mails() == []


@pytest.mark.parametrize("address", ["anna@example.com", "berta@example.com"])
def test_m13_each_mail_carries_the_one_token_that_its_reader_needs(address: str) -> None:
    """`confirm` carries the confirm token and no manage token; `ready` the manage token; none another's (row M13)."""
    world = World()
    row = guests_machine(world, address)
    other = guests_machine(world, "carla@example.com")
    first, second = (letter.message.decode() for letter in world.mailer.sent[:2])
    manage, confirm = secrets_of.manage_token(world.services, row), confirm_token(world, row.id)
    assert (confirm in first, manage in first) == (True, False)
    assert (confirm in second, manage in second) == (False, True)
    foreign = (secrets_of.manage_token(world.services, other), confirm_token(world, other.id))
    assert not [token for token in foreign if token in first + second]
    assert {letter.to for letter in world.mailer.sent[:2]} == {address}


def test_of_two_warnings_that_have_waited_one_is_sent() -> None:
    """A mailer that was away from 60 to 10 minutes before the end does not say twice how little time is left."""
    world = World()
    row = world.running(hours=3)
    assert row.expires_at is not None
    world.clock.advance(row.expires_at - world.clock.now() - 5 * MINUTE)
    world.tick()
    assert [key for key in world.mails() if key.startswith("ending")] == [
        f"ending-10-{int(row.expires_at.timestamp())}"
    ]

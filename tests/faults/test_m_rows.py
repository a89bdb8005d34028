"""Rows M of the fault matrix, each with a worker killed at the exact point: mail."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy
from itertools import count
from typing import Any

import pytest

from chalicelib.domain.email import EmailAddress
from chalicelib.domain.errors import AddressRefused, MailRefused, MailUnknown
from chalicelib.domain.instance import Instance, Status
from chalicelib.domain.notice import Kind, State
from chalicelib.operations.advance import advance
from chalicelib.operations.deprovision import deprovision
from chalicelib.operations.extend import extend
from chalicelib.operations.record_feedback import Feedback, Verdict, record_feedback
from chalicelib.web.letters import TemplateLetters
from tests.faults.dying import killed_at
from tests.simulation.crashing import Fate, Killed
from tests.unit.domain.samples import HOUR, MINUTE
from tests.unit.operations.between import Between, meeting
from tests.unit.operations.world import GUEST, World


def unannounced(world: World, hours: int = 1) -> Instance:
    """A machine that has just begun to run, and nobody has sent its mail."""
    row = world.installing(hours)
    world.build(row.id)
    killed_at(world, "mailer", "send", lambda: advance(world.services, row.id), after=False)
    # the claim of that sender is taken back, as if it had not even begun
    claimed = world.row(row.id)
    fresh = tuple(
        replace(each, attempts=0, due_at=world.clock.now()) for each in claimed.notices if each.key == "ready"
    )
    rest = tuple(each for each in claimed.notices if each.key != "ready")
    now = world.clock.now()
    changed = replace(claimed, notices=(*fresh, *rest), due_at=now, lease_id=None, lease_until=None)
    return world.services.instances.write(changed, before=claimed)


SECRETS = ("ccc_claim_", "ccc_build_", "ccc_box_", "ccc_confirm_", "PRIVATE KEY", "password:")


def readable(message: bytes) -> str:
    """A mail's headers and all its parts, as a reader's program shows them."""
    parsed = message_from_bytes(message, policy=policy.default)
    parts = [part.get_content() for part in parsed.walk() if not part.is_multipart()]
    return "\n".join([*map(str, parsed.values()), *map(str, parts)])


def state_of(world: World, row: Instance, kind: Kind = Kind.READY) -> State:
    """What became of a notice."""
    return next(each.state for each in world.row(row.id).notices if each.kind is kind)


def test_m01_a_mail_that_nobody_sends_leaves_with_the_next_tick() -> None:
    """Owed in the row and no worker comes: the tick sends it, once (row M1)."""
    world = World()
    unannounced(world)
    assert world.mails() == []
    world.tick()
    world.wait(10 * MINUTE)
    assert world.mails() == ["ready"]


@pytest.mark.parametrize("after", [False, True], ids=["before it left", "after it left"])
def test_m02_m03_a_sender_that_died_is_followed_by_one_more_attempt(after: bool) -> None:
    """Nothing for five minutes, then the second attempt, and never a third: one or two copies of one Message-ID."""
    world = World()
    row = unannounced(world)
    killed_at(world, "mailer", "send", world.tick, after=after)
    world.wait(4 * MINUTE)
    assert len(world.mails()) == int(after)
    world.wait(2 * MINUTE)
    for _ in range(10):
        world.wait(5 * MINUTE)
    assert world.mails().count("ready") == 1 + int(after)
    assert len({letter.message_id for letter in world.mailer.sent if "ready" in letter.message_id}) == 1
    assert state_of(world, row) is State.SENT


def test_m04_an_accepted_mail_without_an_answer_comes_at_most_twice() -> None:
    """Both attempts are accepted and not answered: two copies, an alarm, no third (rows M4, M7)."""
    world = World()
    row = unannounced(world)
    for _ in range(2):
        world.mailer.deliver_then_fail(MailUnknown("no answer"))
    for _ in range(8):
        world.wait(6 * MINUTE)
    assert world.mails().count("ready") == 2
    assert state_of(world, row) is State.UNCONFIRMED
    assert "mail.unconfirmed" in world.alarms.events()


@pytest.mark.parametrize("refusals", [1, 6])
def test_m05_refusals_do_not_count_and_the_mail_leaves_in_the_end(refusals: int) -> None:
    """Known not to have left, however often: sent once when the mailer takes it again (row M5)."""
    world = World()
    row = unannounced(world, 72)
    for _ in range(refusals):
        world.mailer.fail_next(MailRefused("throttled"))
    for _ in range(40):
        world.wait(10 * MINUTE)
    assert world.mails().count("ready") == 1
    assert state_of(world, row) is State.SENT


def test_m06_of_two_senders_at_once_one_sends() -> None:
    """At every write and at the send itself a second sender runs through: one mail (row M6)."""
    for method, nth in [("write", 1), ("write", 2), ("write", 3)]:
        world = World()
        row = unannounced(world)
        plain = world.services

        def second(services: Any = plain, instance_id: str = row.id) -> None:
            advance(services, instance_id)

        instances: Any = Between(plain.instances, method, second, nth=nth)
        with meeting(world, instances=instances):
            world.tick()
        world.wait(6 * MINUTE)
        assert world.mails() == ["ready"]


@pytest.mark.parametrize("after", [False, True], ids=["before it left", "after it left"])
def test_m07_when_both_attempts_died_a_person_is_told_and_nothing_more_is_sent(after: bool) -> None:
    """Two senders killed at the send: none or two copies, `mail.unconfirmed`, and the machine is not touched (M7)."""
    world = World()
    row = unannounced(world, 24)
    for _ in range(2):
        killed_at(world, "mailer", "send", world.tick, after=after)
        world.clock.advance(6 * MINUTE)
    for _ in range(5):
        world.wait(6 * MINUTE)
    assert world.mails().count("ready") == 2 * int(after)
    assert state_of(world, row) is State.UNCONFIRMED
    assert world.alarms.events().count("mail.unconfirmed") == 1
    assert world.row(row.id).status is Status.RUNNING


def test_m08_a_machine_that_dies_between_claim_and_send_is_not_announced() -> None:
    """The wish to end it comes just before the mail's claim, or just after its look: no `ready` for it (row M8)."""
    for nth in (1, 2):
        world = World()
        row = unannounced(world)
        plain = world.services

        def end(services: Any = plain, instance_id: str = row.id) -> None:
            deprovision(services, instance_id)

        instances: Any = Between(plain.instances, "write", end, nth=nth)
        with meeting(world, instances=instances):
            world.services = replace(world.services, instances=instances)
            world.tick()
        for _ in range(4):
            world.wait(2 * MINUTE)
        assert world.row(row.id).status is Status.DELETED
        assert "ready" not in world.mails()


@pytest.mark.parametrize("verdict", list(Verdict))
def test_m09_after_a_bounce_no_reminder_leaves_and_the_machine_lives_to_its_end(verdict: Verdict) -> None:
    """What the mail service tells later: the address is suppressed, reminders stop, nothing else changes (row M9)."""
    world = World()
    row = world.running(3)
    told = Feedback(verdict=verdict, address=EmailAddress(value=row.email), instance_id=row.id)
    record_feedback(world.services, [told, told])
    assert row.expires_at is not None
    while world.clock.now() < row.expires_at:
        world.wait(min(5 * MINUTE, row.expires_at - world.clock.now()))
        assert world.row(row.id).status is Status.RUNNING or world.clock.now() >= row.expires_at
    assert world.settle(row.id, Status.DELETED, within=5 * MINUTE).ended_at is not None
    assert world.mails() == ["ready"]
    assert world.alarms.events().count("mail.undeliverable") >= 1


def test_m10_an_address_that_takes_no_mail_is_known_and_told_not_written_to() -> None:
    """Refused for good: the notice says so, an operator is told, the machine runs, and nothing else is sent (M10)."""
    world = World()
    row = unannounced(world, 3)
    world.mailer.fail_next(AddressRefused("no such mailbox"))
    world.tick()
    for _ in range(20):
        world.wait(5 * MINUTE)
    assert state_of(world, row) is State.UNDELIVERABLE
    assert "mail.undeliverable" in world.alarms.events()
    assert world.mails() == []
    assert world.row(row.id).status is Status.RUNNING


def test_m11_a_letter_that_cannot_be_written_counts_no_attempt_and_holds_up_nothing() -> None:
    """Rendering fails before the claim: no attempt is used up, another row's mail leaves, and this one's later."""
    world = World()
    row, other = unannounced(world, 24), unannounced(world, 24)
    letters = world.services.letters

    class Broken:
        def render(self, instance: Instance, notice: Any, token: str) -> Any:
            """Only the other instance's letters can be written."""
            if instance.id == row.id:
                raise KeyError(notice.kind)
            return letters.render(instance, notice, token)

    broken: Any = Broken()
    with meeting(world, letters=broken):
        world.tick()
        assert [letter.message_id.split(".")[0].strip("<") for letter in world.mailer.sent] == [other.id]
        assert [each.attempts for each in world.row(row.id).notices if each.kind is Kind.READY] == [0]
    for _ in range(5):
        world.wait(5 * MINUTE)
    assert world.mails().count("ready") == 2


def test_m12_a_warning_of_an_end_that_has_moved_is_never_sent() -> None:
    """The extend comes while the warning is being claimed: what leaves speaks of the new end only (row M12)."""
    for nth in count(1):
        world = World()
        row = world.running(2)
        assert row.expires_at is not None
        world.clock.advance(row.expires_at - HOUR - world.clock.now())
        plain = world.services
        met: list[int] = []

        def lengthen(services: Any = plain, instance_id: str = row.id, seen: list[int] = met) -> None:
            seen.append(1)
            extend(services, instance_id, hours=5, key="k")

        instances: Any = Between(plain.instances, "write", lengthen, nth=nth)
        with meeting(world, instances=instances):
            world.tick()
        if not met:
            break
        world.follow_nudges()
        told = [key for key in world.mails() if key.startswith("ending")]
        # before the claim is written the warning is dropped; after that write it has left, and spoke the truth
        stale = f"ending-60-{int(row.expires_at.timestamp())}"
        claimed = nth > 2
        assert (stale in told) is claimed
    assert nth > 2


@pytest.mark.parametrize("kind", ["ready", "ending", "extended", "ended"])
def test_m13_no_letter_carries_a_secret(kind: str) -> None:
    """Real letters of a whole life: no password, no claim code, no build token, no private key, no stack secret."""
    world = World()
    letters: Any = TemplateLetters(
        find_url=world.services.find_url, ssh_port=22, sender="Cloud <cloud@ccc.example.com>"
    )
    world.services = replace(world.services, letters=letters)
    row = world.running(2)
    extend(world.services, row.id, hours=1, key="k")
    world.follow_nudges()
    end = world.row(row.id).expires_at
    assert end is not None
    while world.clock.now() < end + 3 * MINUTE:
        world.wait(5 * MINUTE)
    sent = [letter for letter in world.mailer.sent if f".{kind}" in letter.message_id]
    assert sent
    for letter in sent:
        text = readable(letter.message)
        assert GUEST.value in text
        for secret in SECRETS:
            assert secret not in text


@pytest.mark.parametrize("after", [False, True], ids=["before the effect", "after the effect"])
def test_m01_wherever_a_sender_dies_the_guest_hears_at_most_twice_or_somebody_is_told(after: bool) -> None:
    """Killed at any call of a tick that sends: one or two copies, and then nothing is owed any more (rows M1 to M4)."""
    for nth in count(1):
        world = World()
        row = unannounced(world, 24)
        fate, plain = Fate(nth, after=after), world.services
        world.services = fate.wrapped(plain)
        try:
            world.tick()
        except Killed:
            world.nudge.take()
        world.services = plain
        for _ in range(5):
            world.wait(timedelta(minutes=3))
        assert 1 <= world.mails().count("ready") <= 2
        assert state_of(world, row) is State.SENT
        if fate.struck is None:
            break
    assert nth > 5

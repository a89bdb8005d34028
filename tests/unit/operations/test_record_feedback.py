"""Record what became of letters: nobody is written to who cannot or will not be, and nothing is recorded twice."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import cast

import pytest

from chalicelib.domain.email import EmailAddress
from chalicelib.domain.errors import StoreUnavailable
from chalicelib.domain.instance import Instance, Status
from chalicelib.domain.notice import Kind, State
from chalicelib.operations.deprovision import deprovision
from chalicelib.operations.extend import extend
from chalicelib.operations.ports import Instances
from chalicelib.operations.record_feedback import Feedback, FeedbackFailed, Verdict, record_feedback
from chalicelib.operations.suppression import is_suppressed
from tests.unit.operations.between import Between
from tests.unit.operations.guests import ANNA, asked, guests_machine
from tests.unit.operations.world import GUEST, World


class _Kept(logging.Handler):
    """Keeps what is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@pytest.fixture
def said() -> Iterator[list[logging.LogRecord]]:
    """What the mail's log says, whatever others have done to the log before."""
    log, kept = logging.getLogger("ccc.mail"), _Kept()
    before = log.level
    log.addHandler(kept)
    log.setLevel(logging.INFO)
    yield kept.records
    log.setLevel(before)
    log.removeHandler(kept)


def bounce(row: Instance, verdict: Verdict = Verdict.BOUNCED) -> Feedback:
    """What the mail service tells of a letter about this row."""
    return Feedback(verdict=verdict, address=EmailAddress(value=row.email), instance_id=row.id)


def states(row: Instance, kind: Kind) -> set[State]:
    """What became of a row's notices of one kind."""
    return {notice.state for notice in row.notices if notice.kind is kind}


@pytest.mark.parametrize("verdict", Verdict)
def test_m09_a_letter_that_came_back_stops_the_reminders(verdict: Verdict) -> None:
    """The address is suppressed and what is not sent yet is dropped; the machine lives on, and an operator knows."""
    world = World()
    row = world.running(3)
    mails = world.mails()
    assert record_feedback(world.services, [bounce(row, verdict)]) == 1
    after = world.row(row.id)
    assert is_suppressed(world.services, GUEST)
    assert states(after, Kind.ENDING) == {State.DROPPED}
    assert states(after, Kind.READY) == {State.SENT}
    assert replace(after, notices=row.notices, version=row.version, op_id=row.op_id) == row
    world.settle(row.id, Status.DELETED, within=timedelta(hours=5))
    assert world.mails() == mails
    assert world.alarms.events().count("mail.undeliverable") == 2, "once for the reminders, once for the farewell"


def test_i23_an_extension_is_not_told_either() -> None:
    """Whoever bounced gets no word of more time, though the time is given (invariant 23)."""
    world = World()
    row = world.running(1)
    extend(world.services, row.id, hours=1, key="k")
    record_feedback(world.services, [bounce(row)])
    assert states(world.row(row.id), Kind.EXTENDED) == {State.DROPPED}
    mails = world.mails()
    extend(world.services, row.id, hours=1, key="l")
    world.follow_nudges()
    assert world.mails() == mails


def test_m09_twice_and_late_is_once() -> None:
    """A second delivery of the same event writes no row and raises no second alarm, also after the end."""
    world = World()
    row = world.running(3)
    record_feedback(world.services, [bounce(row), bounce(row)])
    once = world.row(row.id)
    record_feedback(world.services, [bounce(row, Verdict.COMPLAINED), bounce(row)])
    assert world.row(row.id) == once
    assert world.alarms.events() == ["mail.undeliverable"]
    deprovision(world.services, row.id)
    world.settle(row.id, Status.DELETED)
    gone = world.row(row.id)
    record_feedback(world.services, [bounce(row)])
    assert world.row(row.id) == gone


def test_a_word_about_a_letter_that_is_still_on_its_way() -> None:
    """An event that overtakes the record of the sending changes nothing of it."""
    world = World()
    ordered = world.order(3).instance
    record_feedback(world.services, [bounce(world.row(ordered.id))])
    assert world.row(ordered.id).notices == ordered.notices
    assert world.alarms.events() == []


def test_a_stranger_whose_confirmation_came_back_is_left_alone() -> None:
    """Nobody with a machine is concerned: the address is suppressed, and no operator is called."""
    world = World()
    row = asked(world)
    record_feedback(world.services, [bounce(row)])
    assert is_suppressed(world.services, EmailAddress(value=ANNA))
    assert world.row(row.id) == row
    assert world.alarms.events() == []


@pytest.mark.parametrize("instance_id", [None, "ffffffffffff"])
def test_without_a_known_instance_the_address_is_suppressed(instance_id: str | None) -> None:
    """An event that names no row, or one that is purged, still says that the address takes no mail."""
    world = World()
    feedback = Feedback(verdict=Verdict.BOUNCED, address=GUEST, instance_id=instance_id)
    assert record_feedback(world.services, [feedback]) == 1
    assert is_suppressed(world.services, GUEST)


def test_a_row_of_somebody_else_is_not_touched() -> None:
    """An event whose tag and address do not belong together stops nobody's reminders."""
    world = World()
    row = guests_machine(world, hours=3)
    record_feedback(world.services, [replace(bounce(row), address=EmailAddress(value="other@example.net"))])
    assert world.row(row.id) == row


def test_the_address_counts_in_any_case() -> None:
    """Mail services may spell an address in small letters."""
    world = World()
    row = guests_machine(world, "Anna@example.com", hours=3)
    record_feedback(world.services, [replace(bounce(row), address=EmailAddress(value="anna@example.com"))])
    assert states(world.row(row.id), Kind.ENDING) == {State.DROPPED}


def test_an_operators_order_writes_again() -> None:
    """An order of an operator says that the address is good: its letters leave."""
    world = World()
    record_feedback(world.services, [bounce(world.running(1))])
    assert world.mails() == ["ready"]
    world.running(1)
    assert world.mails() == ["ready", "ready"]


def test_others_who_write_the_row_meanwhile_are_not_overwritten() -> None:
    """The drop is tried again on the row as it then is."""
    world = World()
    row = world.running(3)
    plain = world.services
    extended = Between(plain.instances, "write", lambda: extend(plain, row.id, hours=1, key="k"))
    record_feedback(replace(plain, instances=cast("Instances", extended)), [bounce(row)])
    after = world.row(row.id)
    assert len(after.extensions) == 1
    assert states(after, Kind.ENDING) == {State.DROPPED}
    assert states(after, Kind.EXTENDED) == {State.DROPPED}


def test_one_failure_does_not_keep_the_others(said: list[logging.LogRecord]) -> None:
    """The rest of a batch is recorded, and the failure is raised at the end, so that it is delivered again."""
    world = World()
    row = world.running(3)
    world.table.fail_next(StoreUnavailable("down"))
    others = [Feedback(verdict=Verdict.BOUNCED, address=GUEST), bounce(row)]
    with pytest.raises(FeedbackFailed, match="StoreUnavailable") as caught:
        record_feedback(world.services, others)
    assert caught.value.data["errors"] == 1
    assert states(world.row(row.id), Kind.ENDING) == {State.DROPPED}
    assert [record.getMessage() for record in said].count("mail.feedback_failed") == 1


def test_i26_no_address_is_logged(said: list[logging.LogRecord]) -> None:
    """The log says which instance and what happened, never to whom (invariant 26)."""
    world = World()
    row = world.running(3)
    record_feedback(world.services, [bounce(row), bounce(row, Verdict.COMPLAINED)])
    events = [record.getMessage() for record in said]
    assert events[-2:] == ["mail.bounced", "mail.complained"]
    assert row.email not in str([record.__dict__ for record in said])
    assert row.email not in str(world.alarms.raised)

"""The transition table, the deadlines, and the next moment that each status owes."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import product

import pytest

from chalicelib.domain.build import INSTALL_AT_MOST, INSTALL_WITHIN
from chalicelib.domain.errors import IllegalTransition
from chalicelib.domain.instance import TERMINAL, Status
from chalicelib.domain.lifecycle import (
    LEASE,
    LEASE_CREATING,
    LOOK_AGAIN,
    TRANSITIONS,
    Queue,
    deadline,
    due_at,
    lease_time,
    move,
    queue,
)
from chalicelib.domain.notice import Kind, Notice, State
from tests.unit.domain.samples import HOUR, MINUTE, TEN, an_instance

ALLOWED = {
    ("unconfirmed", "requested"),
    ("unconfirmed", "deleted"),
    ("requested", "creating"),
    ("requested", "deleting"),
    ("creating", "installing"),
    ("creating", "deleting"),
    ("installing", "running"),
    ("installing", "deleting"),
    ("running", "deleting"),
    ("deleting", "deleted"),
    ("deleting", "failed"),
}
"""The arrows of the drawing in the architecture document, written down a second time."""

MAILING = (Status.UNCONFIRMED, Status.RUNNING, Status.DELETED, Status.FAILED)
"""The statuses whose steps send mail."""

NOW = TEN + 7 * MINUTE


def owed_at(moment: datetime, state: State = State.OWED) -> tuple[Notice, ...]:
    """An outbox with one notice."""
    return (Notice(kind=Kind.CONFIRM, key="confirm", due_at=moment, state=state),)


@pytest.mark.parametrize(("before", "after"), sorted(product(Status, Status)))
def test_every_pair_is_an_arrow_or_raises(before: Status, after: Status) -> None:
    """Of all 64 pairs exactly the eleven arrows are steps; every other raises and says which instance it was."""
    row = an_instance(before)
    if (before, after) in ALLOWED:
        assert move(row, after, NOW).status is after
    else:
        with pytest.raises(IllegalTransition) as caught:
            move(row, after, NOW)
        assert caught.value.data == {"instance_id": row.id}


def test_the_table_speaks_of_every_status() -> None:
    """No status is missing in the table, and exactly the terminal ones lead nowhere."""
    assert set(TRANSITIONS) == set(Status)
    assert {status for status, following in TRANSITIONS.items() if not following} == TERMINAL


def test_every_status_can_end() -> None:
    """From every status a terminal one can be reached, so that no row is caught for ever."""
    reached = set(TERMINAL)
    for _ in Status:
        reached |= {status for status, following in TRANSITIONS.items() if following & reached}
    assert reached == set(Status)


def test_a_move_starts_the_clock_of_the_status_anew() -> None:
    """A step sets `status_since`, forgets the retry of the status before, and makes the changes that come with it."""
    row = an_instance(Status.REQUESTED, retry_at=NOW + HOUR)
    moved = move(row, Status.CREATING, NOW, host_key="K")
    assert moved == replace(row, status=Status.CREATING, status_since=NOW, retry_at=None, host_key="K")


@pytest.mark.parametrize(
    ("status", "late"),
    [
        (Status.UNCONFIRMED, 24 * HOUR),
        (Status.REQUESTED, 60 * MINUTE),
        (Status.CREATING, 10 * MINUTE),
        (Status.INSTALLING, 60 * MINUTE),
        (Status.DELETING, 15 * MINUTE),
        (Status.RUNNING, None),
        (Status.DELETED, None),
        (Status.FAILED, None),
    ],
)
def test_deadlines(status: Status, late: timedelta | None) -> None:
    """Every status that can be late has its deadline, counted from its beginning."""
    assert deadline(an_instance(status)) == (None if late is None else TEN + late)


@pytest.mark.parametrize(
    ("claimed_after", "late"),
    [(timedelta(0), INSTALL_WITHIN), (10 * MINUTE, 55 * MINUTE), (40 * MINUTE, INSTALL_AT_MOST)],
)
def test_an_install_has_45_minutes_from_its_first_claim_and_60_in_any_case(
    claimed_after: timedelta, late: timedelta
) -> None:
    """The earlier of both deadlines counts."""
    assert deadline(an_instance(Status.INSTALLING, first_claimed_at=TEN + claimed_after)) == TEN + late


def test_a_create_is_leased_for_longer() -> None:
    """`creating` is held for 90 s, every other status for 45 s."""
    assert {status: lease_time(status) for status in Status} == {
        status: LEASE_CREATING if status is Status.CREATING else LEASE for status in Status
    }
    assert (timedelta(seconds=90), timedelta(seconds=45)) == (LEASE_CREATING, LEASE)


@pytest.mark.parametrize("status", [Status.REQUESTED, Status.CREATING, Status.DELETING])
def test_work_is_due_at_once_or_when_it_may_be_tried_again(status: Status) -> None:
    """What has something to do is due now, and after a refusal at its retry."""
    assert due_at(an_instance(status), NOW) == NOW
    assert due_at(an_instance(status, retry_at=NOW + MINUTE), NOW) == NOW + MINUTE


def test_an_install_is_looked_at_every_minute() -> None:
    """A row that waits for its builder is due in a minute, at its retry, or at its deadline: whichever is first."""
    row = an_instance(Status.INSTALLING)
    assert due_at(row, NOW) == NOW + LOOK_AGAIN
    assert due_at(replace(row, retry_at=NOW + timedelta(seconds=5)), NOW) == NOW + timedelta(seconds=5)
    assert due_at(row, TEN + INSTALL_AT_MOST - timedelta(seconds=9)) == TEN + INSTALL_AT_MOST


def test_an_install_past_its_deadline_is_due_now() -> None:
    """A deadline that has passed makes a row due now, not at a moment in the past."""
    late = TEN + INSTALL_AT_MOST + MINUTE
    assert due_at(an_instance(Status.INSTALLING), late) == late


def test_an_unconfirmed_instance_is_due_when_it_is_forgotten() -> None:
    """A signup that nobody confirms is looked at after 24 hours."""
    assert due_at(an_instance(Status.UNCONFIRMED), NOW) == TEN + 24 * HOUR


def test_a_running_instance_is_due_at_its_end() -> None:
    """A machine without mail to send is looked at when its time is over."""
    row = an_instance(Status.RUNNING)
    assert due_at(row, NOW) == row.expires_at


@pytest.mark.parametrize("status", sorted(TERMINAL))
def test_the_dead_owe_nothing(status: Status) -> None:
    """A tombstone without mail to send is never due again."""
    assert due_at(an_instance(status), NOW) is None


@pytest.mark.parametrize("status", MAILING)
def test_an_owed_mail_makes_a_row_due(status: Status) -> None:
    """Where a status sends mail, a notice is a moment to look; one that was sent is none."""
    quiet = due_at(an_instance(status), NOW)
    assert due_at(an_instance(status, notices=owed_at(NOW + MINUTE)), NOW) == NOW + MINUTE
    assert due_at(an_instance(status, notices=owed_at(NOW + MINUTE, State.SENT)), NOW) == quiet


@pytest.mark.parametrize("status", [status for status in Status if status not in MAILING])
def test_an_owed_mail_does_not_wake_a_status_that_sends_none(status: Status) -> None:
    """A notice that no step of this status would send must not make the row due over and over."""
    past = an_instance(status, notices=owed_at(TEN), retry_at=NOW + MINUTE)
    assert due_at(past, NOW) == NOW + MINUTE


def test_the_delete_queue_holds_what_ends_and_nothing_else() -> None:
    """`deleting` and the end of a running machine are served first; everything else is work."""
    running = an_instance(Status.RUNNING)
    assert queue(replace(running, due_at=running.expires_at)) is Queue.DELETE
    assert queue(replace(running, due_at=NOW)) is Queue.WORK
    assert queue(an_instance(Status.DELETING, due_at=NOW)) is Queue.DELETE
    for status in (Status.UNCONFIRMED, Status.REQUESTED, Status.CREATING, Status.INSTALLING, Status.FAILED):
        assert queue(an_instance(status, due_at=NOW)) is Queue.WORK


@pytest.mark.parametrize("status", list(Status))
def test_what_is_not_due_is_in_no_queue(status: Status) -> None:
    """A row without `due_at` is in neither partition of the index."""
    assert queue(an_instance(status, due_at=None)) is None

"""Which difference between two forms of a row is which deed."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain import audit, lifecycle
from chalicelib.domain.audit import Deed, Who, deeds
from chalicelib.domain.build import BuildRecord, Cause, Outcome, Phase
from chalicelib.domain.instance import EndReason, Extension, Failure, Status
from tests.architecture.source import ROOT
from tests.unit.domain.samples import HOUR, TEN, an_instance

CLAIMED = BuildRecord(instance_id="0123456789ab", attempt=2, nonce="n", claimed_at=TEN)


def told(*args: Any, build: Any = None) -> list[tuple[Deed, str]]:
    """What a write has done."""
    before, after = args
    return list(deeds(before, after, build))


@pytest.mark.parametrize(
    ("was", "becomes"), [(a, b) for a, after in lifecycle.TRANSITIONS.items() for b in sorted(after)]
)
def test_every_step_of_a_life_is_one_deed(was: Status, becomes: Status) -> None:
    """No transition goes unnoted, and none is noted twice."""
    assert len(told(an_instance(was), an_instance(becomes))) == 1


@pytest.mark.parametrize("status", Status)
def test_what_changes_nothing_a_person_would_ask_about_is_no_deed(status: Status) -> None:
    """Leases, looks and mails are writes too, and leave no entry."""
    row = an_instance(status)
    assert told(row, replace(row, lease_id="x", due_at=TEN + HOUR, retry_at=TEN, version=7)) == []


def test_a_row_begins_as_a_wish_or_as_an_order() -> None:
    """A stranger's wish, and what an operator ordered or somebody tried again."""
    assert told(None, an_instance(Status.UNCONFIRMED)) == [(Deed.SIGNED_UP, "")]
    assert told(None, an_instance(Status.REQUESTED)) == [(Deed.ORDERED, "")]
    assert told(an_instance(Status.UNCONFIRMED), an_instance(Status.REQUESTED)) == [(Deed.CONFIRMED, "")]
    assert told(an_instance(Status.UNCONFIRMED), an_instance(Status.DELETED)) == [(Deed.FORGOTTEN, "")]


def test_an_end_says_why() -> None:
    """The reason, and the cause of a failure."""
    failure = Failure(code=Cause.DISK, message="No.", hint="Wait.")
    ending = an_instance(Status.DELETING, end_reason=EndReason.FAILED, failure=failure)
    assert told(an_instance(Status.RUNNING), ending) == [(Deed.ENDED, "failed: disk")]
    assert told(ending, replace(ending, status=Status.FAILED)) == [(Deed.FAILED, "failed: disk")]


def test_an_extension_says_how_much() -> None:
    """By the newest of those that the row remembers."""
    row = an_instance(Status.RUNNING)
    assert row.expires_at is not None
    granted = Extension(key="k", hours=4, old_expires_at=row.expires_at, new_expires_at=row.expires_at + 4 * HOUR)
    after = replace(row, expires_at=granted.new_expires_at, extensions=(granted,))
    assert told(row, after) == [(Deed.EXTENDED, "4 h")]


def test_a_new_token_is_a_deed() -> None:
    """Whatever else the write does."""
    row = an_instance(Status.RUNNING)
    assert told(row, replace(row, manage_serial=1)) == [(Deed.TOKEN_ROTATED, "")]


def test_builders_are_heard() -> None:
    """A claim, a permission and an outcome are deeds, each with the number of the attempt."""
    row = an_instance(Status.INSTALLING)
    permitted = replace(CLAIMED, permitted=frozenset({Phase.KEXEC}))
    failed = replace(permitted, outcome=Outcome.FAILED, cause=Cause.DISK, reported_at=TEN + timedelta(minutes=1))
    assert told(row, row, build=(None, CLAIMED)) == [(Deed.BUILD_CLAIMED, "attempt 2")]
    assert told(row, row, build=(CLAIMED, permitted)) == [(Deed.BUILD_PERMITTED, "attempt 2: kexec")]
    assert told(row, row, build=(permitted, failed)) == [(Deed.BUILD_REPORTED, "attempt 2: failed (disk)")]
    assert told(row, row, build=(failed, failed)) == []


def test_an_operator_is_named_by_the_beginning_of_a_digest() -> None:
    """Enough to tell tokens apart, and too little to find one."""
    actor = audit.operator("0123456789" * 6 + "abcd")
    assert (actor.who, actor.token, actor.name) == (Who.OPERATOR, "operator", "01234567")


def test_the_docs_tell_every_deed() -> None:
    """The page for operators names each word of the vocabulary, and no other."""
    page = (ROOT / "docs" / "guards.md").read_text(encoding="utf-8")
    table = page.split("| entry |")[1].split("\n\n")[0]
    named = [word for line in table.splitlines()[2:] for word in re.findall(r"`([a-z_]+)`", line.split("|")[1])]
    assert sorted(named) == sorted(Deed)

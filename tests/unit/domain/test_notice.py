"""The outbox in the row: what is owed, what has become stale, what is planned anew after an extension."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from chalicelib.domain.notice import Kind, Notice, State, drop, endings, is_overtaken, is_stale, owe, owed, update
from tests.unit.domain.samples import HOUR, MINUTE, TEN

END = TEN + 2 * HOUR


def a_notice(kind: Kind = Kind.READY, key: str = "ready", due_at: datetime = TEN, **changes: object) -> Notice:
    """A notice, owed at ten."""
    return replace(Notice(kind=kind, key=key, due_at=due_at), **changes)  # type: ignore[arg-type]  # a table of fields


def test_a_notice_is_owed_once() -> None:
    """A notice with a key that is there already is not added, whatever became of the first."""
    sent = a_notice(state=State.SENT)
    other = a_notice(key="other")
    assert owe((sent,), a_notice(), other) == (sent, other)


def test_what_is_owed_comes_earliest_first() -> None:
    """Only what is still to be sent, in the order of its moments."""
    late, soon = a_notice(key="late", due_at=END), a_notice(key="soon")
    done = tuple(a_notice(key=state, state=state) for state in State if state is not State.OWED)
    assert owed((late, *done, soon)) == (soon, late)


def test_dropping_touches_owed_notices_of_the_named_kinds_only() -> None:
    """A sent notice stays sent, and another kind stays owed."""
    sent = a_notice(key="sent", state=State.SENT)
    ended = a_notice(Kind.ENDED, "ended")
    assert drop((sent, a_notice(), ended), Kind.READY, Kind.ENDING) == (
        sent,
        a_notice(state=State.DROPPED),
        ended,
    )


def test_an_update_replaces_the_notice_of_the_same_key() -> None:
    """The others stay as and where they are."""
    first, second = a_notice(key="first"), a_notice(key="second")
    changed = replace(first, attempts=1)
    assert update((first, second), changed) == (changed, second)


@pytest.mark.parametrize(
    ("left", "minutes"),
    [
        (timedelta(hours=2), [60, 10]),
        (timedelta(minutes=60), [10]),
        (timedelta(minutes=51), [10]),
        (timedelta(minutes=10), []),
        (timedelta(seconds=1), []),
    ],
)
def test_warnings_that_still_lie_ahead_are_planned(left: timedelta, minutes: list[int]) -> None:
    """A warning whose moment has passed is not planned; each speaks of the end it warns of."""
    planned = endings(END, END - left)
    assert [(END - notice.due_at) // MINUTE for notice in planned] == minutes
    assert {notice.about for notice in planned} <= {END}


def test_a_moved_end_has_warnings_of_its_own() -> None:
    """After an extension the warnings have other keys, so that they are owed beside those that were dropped."""
    before = endings(END, TEN)
    after = owe(drop(before, Kind.ENDING), *endings(END + HOUR, TEN))
    assert [notice.due_at for notice in owed(after)] == [END, END + 50 * MINUTE]
    assert len({notice.key for notice in after}) == 4


def test_the_same_end_is_not_warned_of_twice() -> None:
    """Planning the warnings of one end again adds none."""
    planned = endings(END, TEN)
    assert owe(planned, *endings(END, TEN)) == planned


@pytest.mark.parametrize("kind", [Kind.ENDING, Kind.EXTENDED])
def test_m12_what_speaks_of_an_end_is_stale_when_the_end_has_moved(kind: Kind) -> None:
    """A mail about 12:00 is not sent when the machine ends at 13:00 (row M12)."""
    about = a_notice(kind, about=END)
    assert not is_stale(about, expires_at=END, ending=False, confirmed=True, now=TEN)
    assert is_stale(about, expires_at=END + HOUR, ending=False, confirmed=True, now=TEN)


@pytest.mark.parametrize("kind", list(Kind))
def test_m08_nothing_is_said_of_a_dying_machine_but_farewells(kind: Kind) -> None:
    """Of an instance that is ending all but `ended` and `failed` is stale (row M8)."""
    stale = is_stale(a_notice(kind, about=END), expires_at=END, ending=True, confirmed=True, now=TEN)
    assert stale is (kind not in {Kind.ENDED, Kind.FAILED})


@pytest.mark.parametrize("kind", [Kind.CONFIRM, Kind.EXISTS])
def test_m08_nothing_is_asked_once_it_is_answered(kind: Kind) -> None:
    """`confirm` and `exists` belong to a wish: once it is confirmed, or gone, they are stale (row M8)."""
    asked = a_notice(kind, str(kind))
    assert not is_stale(asked, expires_at=None, ending=False, confirmed=False, now=TEN)
    assert is_stale(asked, expires_at=None, ending=False, confirmed=True, now=TEN)


def test_a_warning_is_stale_when_the_end_is_past() -> None:
    """At the very end nobody is warned of it any more."""
    warning = a_notice(Kind.ENDING, about=END)
    assert is_stale(warning, expires_at=END, ending=False, confirmed=True, now=END)
    assert not is_stale(warning, expires_at=END, ending=False, confirmed=True, now=END - timedelta(seconds=1))


def test_a_warning_that_waited_for_the_next_one_is_overtaken() -> None:
    """Of two warnings that are due at once only the later is said; one whose turn is yet to come overtakes nothing."""
    end = TEN + 2 * HOUR
    hour, minutes = endings(end, TEN)
    assert is_overtaken(hour, (hour, minutes), end - 5 * MINUTE)
    assert not is_overtaken(minutes, (hour, minutes), end - 5 * MINUTE)
    assert not is_overtaken(hour, (hour, minutes), end - 30 * MINUTE)

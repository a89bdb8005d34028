"""When a machine ends, how many hours that costs, and how far its end may move."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.lease import (
    BEFORE_RUNNING,
    SLACK,
    first_end,
    hard_end,
    hours_left,
    most_paid_hours,
    paid_hours,
)
from chalicelib.domain.limits import Rounding
from tests.unit.domain.samples import HOUR, MINUTE, TEN

CREATED = st.datetimes(min_value=datetime(2024, 1, 1), max_value=datetime(2060, 1, 1)).map(  # noqa: DTZ001 - hypothesis wants bare limits
    lambda moment: moment.replace(microsecond=0, tzinfo=UTC)
)
BUILD = st.integers(min_value=0, max_value=int(BEFORE_RUNNING.total_seconds())).map(lambda s: timedelta(seconds=s))
HOURS = st.integers(min_value=1, max_value=168)


def at(clock: str) -> datetime:
    """A time of the example's day."""
    hour, minute = clock.split(":")
    return TEN.replace(hour=int(hour), minute=int(minute))


def test_the_worked_example_rounds_up() -> None:
    """Created 10:00, running 10:04, one hour: ends 11:55 and is billed for 2 h; 2 more: 13:55 and 4 h."""
    end = first_end(created_at=TEN, running_at=at("10:04"), hours=1, rounding=Rounding.UP)
    assert (end, paid_hours(created_at=TEN, ended_at=end)) == (at("11:55"), 2)
    later = end + 2 * HOUR
    assert (later, paid_hours(created_at=TEN, ended_at=later)) == (at("13:55"), 4)


def test_the_worked_example_rounds_down() -> None:
    """The same wish with `down` ends at 10:55: exactly the one hour that is paid."""
    end = first_end(created_at=TEN, running_at=at("10:04"), hours=1, rounding=Rounding.DOWN)
    assert (end, paid_hours(created_at=TEN, ended_at=end)) == (at("10:55"), 1)


@pytest.mark.parametrize(
    ("running", "end"),
    [("10:00", "11:55"), ("10:55", "11:55"), ("10:56", "12:55"), ("11:10", "12:55")],
)
def test_up_ends_at_the_first_slack_that_leaves_the_whole_hour(running: str, end: str) -> None:
    """An hour from 10:55 just fits before 11:55; from 10:56 it needs the next paid hour."""
    assert first_end(created_at=TEN, running_at=at(running), hours=1, rounding=Rounding.UP) == at(end)


@settings(deadline=None)
@given(created=CREATED, build=BUILD, hours=HOURS, rounding=st.sampled_from(Rounding))
def test_every_end_leaves_the_slack_before_a_paid_hour(
    created: datetime, build: timedelta, hours: int, rounding: Rounding
) -> None:
    """An end is always five minutes before a whole number of hours after the creation."""
    end = first_end(created_at=created, running_at=created + build, hours=hours, rounding=rounding)
    assert (end + SLACK - created) % HOUR == timedelta(0)
    assert end > created


@settings(deadline=None)
@given(created=CREATED, build=BUILD, hours=HOURS)
def test_up_gives_what_was_asked_and_not_an_hour_more(created: datetime, build: timedelta, hours: int) -> None:
    """The guest gets the hours asked for, and an end an hour earlier would be short of them."""
    running = created + build
    end = first_end(created_at=created, running_at=running, hours=hours, rounding=Rounding.UP)
    assert end - running >= hours * HOUR
    assert end - HOUR - running < hours * HOUR


@settings(deadline=None)
@given(created=CREATED, build=BUILD, hours=HOURS)
def test_down_is_the_largest_end_within_the_hours_paid(created: datetime, build: timedelta, hours: int) -> None:
    """`down` never passes `created + hours`, and one hour more would."""
    end = first_end(created_at=created, running_at=created + build, hours=hours, rounding=Rounding.DOWN)
    assert end <= created + hours * HOUR < end + HOUR
    assert paid_hours(created_at=created, ended_at=end) == hours


@settings(deadline=None)
@given(created=CREATED, build=BUILD, hours=HOURS, rounding=st.sampled_from(Rounding))
def test_the_reservation_is_an_upper_bound(created: datetime, build: timedelta, hours: int, rounding: Rounding) -> None:
    """Whenever within 70 minutes the machine begins to run, no more hours are billed than were set aside."""
    running = created + build
    end = first_end(created_at=created, running_at=running, hours=hours, rounding=rounding)
    # a machine whose end has passed before it runs is deleted when it runs
    billed = paid_hours(created_at=created, ended_at=max(end, running))
    assert billed <= most_paid_hours(hours, rounding)


@pytest.mark.parametrize("hours", [1, 2, 24, 72])
def test_the_bound_is_reached(hours: int) -> None:
    """The bound is not generous: the slowest build needs all of it."""
    end = first_end(created_at=TEN, running_at=TEN + BEFORE_RUNNING, hours=hours, rounding=Rounding.UP)
    assert paid_hours(created_at=TEN, ended_at=end) == most_paid_hours(hours, Rounding.UP)
    assert most_paid_hours(hours, Rounding.DOWN) == max(hours, 2)


@pytest.mark.parametrize(
    ("lived", "hours"),
    [
        (timedelta(0), 1),
        (timedelta(seconds=1), 1),
        (HOUR, 1),
        (HOUR + timedelta(seconds=1), 2),
        (2 * HOUR - 5 * MINUTE, 2),
        (-MINUTE, 1),
    ],
)
def test_started_hours_are_paid(lived: timedelta, hours: int) -> None:
    """Every started hour counts, and the first one always."""
    assert paid_hours(created_at=TEN, ended_at=TEN + lived) == hours


def test_the_hard_end_lies_inside_the_last_paid_hour() -> None:
    """A life of 168 hours ends five minutes before the 169th would be billed."""
    end = hard_end(TEN, 168)
    assert paid_hours(created_at=TEN, ended_at=end) == 168
    assert end + SLACK == TEN + 168 * HOUR


@pytest.mark.parametrize(("end", "left"), [("10:55", 3), ("11:55", 2), ("13:55", 0), ("14:55", 0)])
def test_hours_left_until_the_hard_end(end: str, left: int) -> None:
    """With a life of 4 hours exactly the rest of them may be added, and never less than none."""
    assert hours_left(created_at=TEN, expires_at=at(end), max_life_hours=4) == left


@settings(deadline=None)
@given(created=CREATED, build=BUILD, hours=st.integers(1, 72), life=st.integers(100, 200))
def test_all_hours_left_may_be_used(created: datetime, build: timedelta, hours: int, life: int) -> None:
    """Adding all hours that are left ends exactly at the hard end."""
    end = first_end(created_at=created, running_at=created + build, hours=hours, rounding=Rounding.UP)
    left = hours_left(created_at=created, expires_at=end, max_life_hours=life)
    assert end + left * HOUR == hard_end(created, life)

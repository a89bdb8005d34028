"""So many in any hour and no more, whoever takes one at the same moment and whatever the clock shows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.errors import CounterFull, StoreUnavailable
from chalicelib.domain.sliding_window import SlidingWindow
from chalicelib.operations.ports import Instances
from chalicelib.operations.ration import take, used, with_write
from tests.fakes.clock import START, FakeClock
from tests.fakes.services import fake_services
from tests.unit.domain.samples import HOUR, MINUTE, an_instance
from tests.unit.operations.between import Between

WINDOW = SlidingWindow(name="thing", length=HOUR)
SECOND = timedelta(seconds=1)
WAITS = [0, 1, 5, 5, 5, 20, 59, 61, 290, 3000, 3500, 4200]


def takes(instances: Instances, clock: FakeClock, cap: int) -> bool:
    """Whether one was had."""
    try:
        take(instances, clock, WINDOW, cap=cap)
    except CounterFull:
        return False
    return True


@settings(max_examples=150, deadline=None)
@given(
    cap=st.integers(1, 6),
    first=st.integers(0, 3599),
    waits=st.lists(st.one_of(st.integers(0, 3), st.integers(0, 900), st.integers(3000, 4300)), max_size=40),
)
def test_no_hour_holds_more_than_the_cap(cap: int, first: int, waits: list[int]) -> None:
    """However the wishes fall, in every span of sixty minutes at most the cap are had; and none is refused for good."""
    clock = FakeClock()
    instances = fake_services(clock=clock).instances
    clock.advance(first * SECOND)
    had: list[datetime] = []
    for wait in waits:
        clock.advance(wait * SECOND)
        recently = [at for at in had if at > clock.now() - timedelta(minutes=70)]
        if takes(instances, clock, cap):
            had.append(clock.now())
        else:
            assert len(recently) >= cap
    assert all(had[number + cap] - had[number] >= HOUR for number in range(len(had) - cap))


@settings(max_examples=300, deadline=None)
@given(
    cap=st.integers(1, 3),
    skews=st.tuples(st.integers(-60, 60), st.integers(-60, 60)),
    story=st.lists(st.none() | st.tuples(st.integers(0, 1), st.sampled_from(WAITS)), min_size=4, max_size=40),
)
def test_no_hour_holds_more_than_the_cap_however_many_take_at_once(
    cap: int, skews: tuple[int, int], story: list[tuple[int, int] | None]
) -> None:
    """Workers whose clocks differ, any of whom begins and ends between two calls of another, have no more together."""
    crowd = _Crowd(cap, skews, story)
    while crowd.story:
        crowd.go_on()
    assert all(crowd.had[number + cap] - crowd.had[number] >= HOUR for number in range(len(crowd.had) - cap))


class _Crowd:
    """Workers, of whom the next of the story takes one after so many seconds, wherever the one before has come to.

    None in the story lets the one before go on by a call.
    """

    def __init__(self, cap: int, skews: tuple[int, ...], story: list[tuple[int, int] | None]) -> None:
        self.true = FakeClock(START - 5 * SECOND)
        self.instances = fake_services(clock=self.true).instances
        self.cap, self.skews, self.story = cap, skews, list(story)
        self.had: list[datetime] = []

    def go_on(self) -> None:
        """Time passes, and the next worker takes one, or none does."""
        happens = self.story.pop() if self.story else None
        if happens is None:
            return
        number, seconds = happens
        self.true.advance(seconds * SECOND)
        worker: Any = self
        if takes(worker, _Skewed(self.true, self.skews[number] * SECOND), self.cap):
            self.had.append(self.true.now())

    def add(self, key: str, amount: int, **rest: Any) -> int:
        """Count, and let the next of the story happen before that."""
        self.go_on()
        return self.instances.add(key, amount, **rest)

    def counters(self, keys: Sequence[str]) -> dict[str, int]:
        """Read, and let the next of the story happen before that."""
        self.go_on()
        return self.instances.counters(keys)


class _Skewed(FakeClock):
    """A clock that is off."""

    def __init__(self, true: FakeClock, by: timedelta) -> None:
        super().__init__()
        self._true, self._by = true, by

    def now(self) -> datetime:
        """What it shows."""
        return self._true.now() + self._by


def test_two_who_meet_at_the_last_one_do_not_both_have_it() -> None:
    """One counts in the next part of the hour between the count and the sum of the other; a refusal gives it back."""
    clock = FakeClock()
    clock.advance(5 * MINUTE - SECOND)
    instances = fake_services(clock=clock).instances

    def other() -> None:
        clock.advance(SECOND)
        outcomes.append(takes(instances, clock, 1))

    outcomes: list[bool] = []
    meeting: Any = Between(instances, "counters", other)
    outcomes.append(takes(meeting, clock, 1))
    assert sum(outcomes) <= 1
    assert used(instances, WINDOW, clock.now()) == sum(outcomes)


def test_who_stood_still_takes_nothing() -> None:
    """A minute between the count and the sum is too long: others may have counted where nobody looked."""
    clock = FakeClock()
    instances = fake_services(clock=clock).instances
    meeting: Any = Between(instances, "counters", lambda: clock.advance(MINUTE))
    assert not takes(meeting, clock, 5)
    assert used(instances, WINDOW, clock.now()) == 0
    assert takes(instances, clock, 5)


def test_a_table_that_stops_answering_lets_less_out() -> None:
    """What was counted before the answer was lost stays counted for its hour."""
    clock = FakeClock()
    instances = fake_services(clock=clock).instances

    def silence() -> None:
        raise StoreUnavailable("away")

    with pytest.raises(StoreUnavailable):
        takes(cast("Any", Between(instances, "counters", silence)), clock, 1)
    assert not takes(instances, clock, 1)
    clock.advance(70 * MINUTE)
    assert takes(instances, clock, 1)


def test_the_refusal_tells_when_there_is_room() -> None:
    """Not before the oldest has left, and then."""
    clock = FakeClock()
    instances = fake_services(clock=clock).instances
    for _ in range(2):
        take(instances, clock, WINDOW, cap=3)
        clock.advance(20 * MINUTE)
    take(instances, clock, WINDOW, cap=3)
    with pytest.raises(CounterFull) as caught:
        take(instances, clock, WINDOW, cap=3)
    assert caught.value.data["room_at"] == START + 70 * MINUTE
    clock.advance(30 * MINUTE - SECOND)
    assert not takes(instances, clock, 3)
    clock.advance(SECOND)
    assert takes(instances, clock, 3)


def test_a_write_that_counts_is_refused_when_all_are_taken() -> None:
    """In the part that is now, and with what was counted before; a refused write has counted nothing."""
    clock = FakeClock()
    instances = fake_services(clock=clock).instances
    for number in range(3):
        row = an_instance(id=f"{number:012d}", version=0, op_id="")
        changes = with_write(instances, WINDOW, clock.now(), cap=2)
        if number == 2:
            with pytest.raises(CounterFull):
                instances.write(row, before=None, counters=changes)
            break
        instances.write(row, before=None, counters=changes)
        clock.advance(30 * MINUTE)
    assert used(instances, WINDOW, clock.now()) == 2


def test_a_turn_costs_one_read_more_than_a_count() -> None:
    """Two requests to the table, however much is counted."""
    clock = FakeClock()
    instances: Any = _Counted(fake_services(clock=clock).instances)
    for _ in range(3):
        take(instances, clock, WINDOW, cap=5)
    assert instances.calls == ["add", "counters"] * 3


class _Counted:
    """Notes which calls are made."""

    def __init__(self, instances: Instances) -> None:
        self._instances = instances
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Any:
        """The call, noted."""
        self.calls.append(name)
        return getattr(self._instances, name)

"""Which counters a span of time needs, and when what they hold has left it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.sliding_window import SlidingWindow
from tests.unit.domain.samples import HOUR, TEN

HOURLY = SlidingWindow(name="thing", length=HOUR)
SECOND = timedelta(seconds=1)
MOMENTS = st.integers(min_value=0, max_value=2**33).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
SPANS = st.integers(min_value=-300, max_value=3600).map(lambda seconds: timedelta(seconds=seconds))


@settings(max_examples=300)
@given(moment=MOMENTS, earlier=SPANS)
def test_whatever_an_hour_may_hold_is_added_up(moment: datetime, earlier: timedelta) -> None:
    """What was counted in the hour before any moment, or by a clock that is five minutes ahead, is among the keys."""
    assert HOURLY.key(moment - earlier) in HOURLY.keys(moment)


@settings(max_examples=300)
@given(moment=MOMENTS, later=st.integers(min_value=4200, max_value=10**6))
def test_nothing_counts_for_longer_than_an_hour_and_ten_minutes(moment: datetime, later: int) -> None:
    """It makes room after that, and is not thrown away before."""
    assert HOURLY.key(moment) not in HOURLY.keys(moment + timedelta(seconds=later))
    assert HOURLY.purge_at(moment) > moment + timedelta(minutes=70)


@settings(max_examples=200)
@given(
    counted=st.lists(st.tuples(st.integers(min_value=0, max_value=6000), st.integers(1, 9)), max_size=12),
    cap=st.integers(1, 20),
)
def test_there_is_room_when_it_is_said_and_not_a_second_before(counted: list[tuple[int, int]], cap: int) -> None:
    """If nothing more is counted, the moment that is told is the first at which fewer than the cap count."""
    counts: dict[str, int] = {}
    for seconds, amount in counted:
        key = HOURLY.key(TEN - timedelta(seconds=seconds))
        counts[key] = counts.get(key, 0) + amount

    def used(moment: datetime) -> int:
        return HOURLY.used({key: counts.get(key, 0) for key in HOURLY.keys(moment)}, moment)

    room_at = HOURLY.room_at({key: counts.get(key, 0) for key in HOURLY.keys(TEN)}, TEN, cap)
    assert used(room_at) < cap
    assert (room_at == TEN) if used(TEN) < cap else (used(room_at - SECOND) >= cap)


def test_two_things_are_counted_apart() -> None:
    """No key of one is a key of the other."""
    other = SlidingWindow(name="another", length=HOUR)
    assert not set(HOURLY.keys(TEN)) & set(other.keys(TEN))


def test_others_count_elsewhere_only_where_a_part_ends() -> None:
    """Within a part nobody is near; a moment before its end the next is, a moment after its beginning the last."""
    near = SECOND * 60
    assert HOURLY.neighbours(TEN + 2 * near, near) == ()
    assert HOURLY.neighbours(TEN - SECOND, near) == (HOURLY.key(TEN),)
    assert HOURLY.neighbours(TEN, near) == (HOURLY.key(TEN - SECOND),)

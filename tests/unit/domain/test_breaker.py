"""The circuit breaker: what counts as a row of failures, when it opens, and how it closes (row B22)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chalicelib.domain.breaker import (
    IN_A_ROW,
    NOT_OURS,
    OPEN_FOR,
    RECENT_MOST,
    REMEMBERED,
    BreakerState,
    closed,
    failed,
    failed_builds,
    open_until,
    reason,
)
from chalicelib.domain.build import Cause
from chalicelib.domain.explanations import EXPLANATIONS
from tests.unit.domain.samples import HOUR, MINUTE, TEN


def after(*failures: tuple[str, Cause]) -> BreakerState:
    """The state after these failures, a minute apart."""
    state = BreakerState()
    for number, (name, cause) in enumerate(failures):
        state = failed(state, cause, name, TEN + number * MINUTE)
    return state


def opened(cause: Cause = Cause.DISK) -> BreakerState:
    """A breaker that opened at 10:02."""
    return after(*((f"row {number}", cause) for number in range(IN_A_ROW)))


@pytest.mark.parametrize("cause", sorted(set(Cause) - NOT_OURS))
def test_b22_three_failures_of_one_cause_open_it(cause: Cause) -> None:
    """The third instance in a row that fails for one cause opens the breaker for an hour, and not the second (B22)."""
    assert open_until(after(("a", cause), ("b", cause)), TEN + MINUTE) is None
    assert open_until(after(("a", cause), ("b", cause), ("c", cause)), TEN + 2 * MINUTE) == TEN + 2 * MINUTE + OPEN_FOR


@pytest.mark.parametrize("cause", sorted(NOT_OURS))
def test_what_is_not_the_services_fault_counts_nothing(cause: Cause) -> None:
    """A sold-out market, a full house and what was called off neither count nor break a row."""
    assert after(("a", cause), ("b", cause), ("c", cause)) == BreakerState()
    assert after(("a", Cause.DISK), ("b", Cause.DISK)) == after(("a", Cause.DISK), ("b", Cause.DISK), ("x", cause))


def test_stock_and_limits_are_not_ours() -> None:
    """What the market, the operator's switches and caps, and a full house do is never held against the builds."""
    assert {Cause.STOCK, Cause.LIMIT, Cause.PAUSED, Cause.NO_BUILDER} <= NOT_OURS


def test_one_instance_counts_once() -> None:
    """A step that is taken again after a crash tells of the same failure, which is counted already."""
    assert after(*[("a", Cause.DISK)] * 5).count == 1


def test_another_cause_begins_a_new_row() -> None:
    """Failures for different causes are not one defect."""
    state = after(("a", Cause.DISK), ("b", Cause.DISK), ("c", Cause.COPY_FAILED))
    assert (state.cause, state.count) == (Cause.COPY_FAILED, 1)


def test_a_success_breaks_the_row_and_closes_the_breaker() -> None:
    """After a good build everything is counted from nothing; an old failure that is told again stays counted."""
    state = closed(opened())
    assert open_until(state, TEN + 3 * MINUTE) is None
    assert failed(state, Cause.DISK, "row 1", TEN + 4 * MINUTE) == state
    assert failed(state, Cause.DISK, "new", TEN + 4 * MINUTE).count == 1


def test_after_its_hour_it_is_closed_and_counts_from_one() -> None:
    """The hour is over to the second; one more failure does not open it again."""
    state, end = opened(), TEN + 2 * MINUTE + OPEN_FOR
    assert open_until(state, end - timedelta(seconds=1)) == end
    assert open_until(state, end) is None
    again = failed(state, Cause.DISK, "new", end)
    assert (again.count, open_until(again, end)) == (1, None)


def test_what_was_ordered_before_does_not_keep_it_open() -> None:
    """Failures while it is open neither move its end nor raise its count, whatever their cause."""
    state = opened()
    for cause in (Cause.DISK, Cause.COPY_FAILED):
        later = failed(state, cause, f"late {cause}", TEN + 30 * MINUTE)
        assert (later.cause, later.count, later.since) == (state.cause, state.count, state.since)


def test_the_memory_is_bounded() -> None:
    """The item does not grow with the failures."""
    state = after(*((f"row {number}", Cause.DISK) for number in range(3 * REMEMBERED)))
    assert len(state.counted) == REMEMBERED


def test_the_failures_of_the_last_day_are_remembered_whatever_became_of_the_row() -> None:
    """With its cause each, once an instance, also while the breaker is open and after a success; no market, no cap."""
    state = failed(closed(opened()), Cause.COPY_FAILED, "new", TEN + 30 * MINUTE)
    state = failed(failed(state, Cause.COPY_FAILED, "new", TEN + 31 * MINUTE), Cause.STOCK, "x", TEN + 32 * MINUTE)
    assert [(each.cause, each.at) for each in failed_builds(state, TEN + HOUR)] == [
        *(("disk", TEN + number * MINUTE) for number in range(3)),
        ("copy_failed", TEN + 30 * MINUTE),
    ]


def test_a_failure_is_forgotten_after_a_day_and_of_very_many_the_oldest() -> None:
    """Nobody has to clean up: it is no longer told, and the next failure throws it out of the item."""
    state = after(*((f"row {number}", Cause.DISK) for number in range(3)))
    assert len(failed_builds(state, TEN + 24 * HOUR)) == 2
    assert len(failed(state, Cause.DISK, "new", TEN + 24 * HOUR).recent) == 3
    assert len(after(*((f"row {number}", Cause.DISK) for number in range(2 * RECENT_MOST))).recent) == RECENT_MOST


@pytest.mark.parametrize("cause", sorted(set(Cause) - NOT_OURS))
def test_the_reason_is_told_in_words(cause: Cause) -> None:
    """Whoever is refused reads what keeps going wrong, in the words in which a guest is told."""
    assert EXPLANATIONS[cause].message in reason(opened(cause))
    assert "last 3" in reason(opened(cause))

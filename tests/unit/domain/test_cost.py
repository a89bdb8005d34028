"""What an instance costs: by started hours, up to now and up to its end as it stands."""

from __future__ import annotations

from dataclasses import replace

from chalicelib.domain import budget, cost
from chalicelib.domain.instance import Status
from tests.unit.domain.samples import CHOICE, HOUR, MINUTE, TEN, an_instance

ONE = budget.micro(CHOICE.hourly)
HELD = 114_300


def test_an_order_costs_nothing_yet_and_what_is_set_aside_later() -> None:
    """Before there is a machine, the reservation is what it may come to."""
    row = an_instance(Status.REQUESTED)
    assert (cost.so_far(row, TEN + HOUR), cost.projected(row, TEN + HOUR)) == (0, HELD)


def test_a_build_costs_by_the_hour_before_its_end_is_known() -> None:
    """At least what is set aside, and more when it takes longer than that."""
    row = an_instance(Status.INSTALLING)
    assert (cost.so_far(row, TEN + 61 * MINUTE), cost.projected(row, TEN + 61 * MINUTE)) == (2 * ONE, HELD)
    late = TEN + 5 * HOUR + MINUTE
    assert cost.projected(row, late) == cost.so_far(row, late) == 6 * ONE


def test_a_machine_costs_up_to_its_end() -> None:
    """It ends at 11:55 and was made at ten: two hours; when the end is over, what has been started."""
    row = an_instance(Status.RUNNING)
    assert (cost.so_far(row, TEN + 30 * MINUTE), cost.projected(row, TEN + 30 * MINUTE)) == (ONE, 2 * ONE)
    assert cost.projected(row, TEN + 3 * HOUR + MINUTE) == 4 * ONE


def test_what_is_over_costs_no_more() -> None:
    """Both are what was billed, however long ago that was."""
    row = replace(an_instance(Status.DELETED), ended_at=TEN + 30 * MINUTE)
    assert cost.so_far(row, TEN + 99 * HOUR) == cost.projected(row, TEN + 99 * HOUR) == ONE

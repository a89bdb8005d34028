"""The numbers with which a page foretells price and end: they are the domain's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from chalicelib.domain import lease
from chalicelib.domain.limits import Rounding
from chalicelib.web.pages.price import USUALLY_READY, most_cost, rule

MOST = 168
NOW = datetime(2026, 11, 23, 10, 4, tzinfo=UTC)


@pytest.mark.parametrize("rounding", Rounding)
def test_the_rule_of_a_page_is_that_of_the_bill(rounding: Rounding) -> None:
    """For every wish the page's arithmetic gives the hours that the reservation is made for."""
    found = rule(rounding, MOST)
    for hours in range(1, MOST + 1):
        assert max(hours + found.extra, found.least) == lease.most_paid_hours(hours, rounding)


@pytest.mark.parametrize("rounding", Rounding)
def test_the_end_on_a_page_is_that_of_the_lease(rounding: Rounding) -> None:
    """For every wish the page foretells the end of a machine that is ready after the usual time."""
    found = rule(rounding, MOST)
    for hours in range(1, MOST + 1):
        end = lease.first_end(created_at=NOW, running_at=NOW + USUALLY_READY, hours=hours, rounding=rounding)
        assert end == NOW + timedelta(hours=hours, minutes=found.minutes)


@pytest.mark.parametrize(
    ("hours", "hourly", "cost"),
    [(26, ["0.0381"], "1.00"), (26, ["0.0105", "0.0686"], "1.79"), (1, ["0.0001"], "0.01"), (3, [], "0.00")],
)
def test_the_most_is_the_dearest_rounded_up(hours: int, hourly: list[str], cost: str) -> None:
    """The most a wish can cost is that of the dearest choice, to the next whole cent."""
    assert most_cost(hours, [Decimal(each) for each in hourly]) == cost

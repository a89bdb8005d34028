"""Money set aside and given back: nothing is lost, nothing is rounded away."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.budget import billed, euros, held, hold, micro, month_of, settle, shrink
from chalicelib.domain.instance import Hold, Status
from tests.unit.domain.samples import CHOICE, HOUR, MINUTE, TEN, an_instance

HOLDS = st.lists(
    st.builds(Hold, month=st.sampled_from(["202611", "202612"]), micro_eur=st.integers(0, 10**9)), max_size=6
).map(tuple)


def by_month(*groups: tuple[Hold, ...]) -> dict[str, int]:
    """The sum of each month over groups of holds."""
    sums: dict[str, int] = {}
    for each in (each for group in groups for each in group):
        sums[each.month] = sums.get(each.month, 0) + each.micro_eur
    return {month: amount for month, amount in sums.items() if amount}


@settings(deadline=None)
@given(holds=HOLDS, keep=st.integers(0, 10**10))
def test_shrinking_conserves_money(holds: tuple[Hold, ...], keep: int) -> None:
    """What is kept and what is given back are together what was there, month by month."""
    kept, back = shrink(holds, keep)
    assert by_month(kept, back) == by_month(holds)
    assert held(kept) == min(keep, held(holds))


@settings(deadline=None)
@given(holds=HOLDS, keep=st.integers(0, 10**10))
def test_shrinking_twice_is_shrinking_once(holds: tuple[Hold, ...], keep: int) -> None:
    """A second shrink to the same sum gives nothing back."""
    kept, _ = shrink(holds, keep)
    assert shrink(kept, keep) == (kept, ())


@settings(deadline=None)
@given(holds=HOLDS, billed=st.integers(0, 10**10))
def test_what_is_settled_is_what_was_billed(holds: tuple[Hold, ...], billed: int) -> None:
    """Less than was set aside is given back, more is added to the month of the end: the ledger is the bill."""
    settled = settle(holds, billed, TEN)
    assert held(settled) == billed
    kept, _ = shrink(holds, billed)
    assert settled[: len(kept)] == kept
    assert {hold.month for hold in settled[len(kept) :]} <= {"202611"}


def test_the_newest_holds_shrink_first() -> None:
    """The money of an extension in December is given back before that of November."""
    holds = (Hold(month="202611", micro_eur=100), Hold(month="202612", micro_eur=50))
    assert shrink(holds, 120) == (
        (Hold(month="202611", micro_eur=100), Hold(month="202612", micro_eur=20)),
        (Hold(month="202612", micro_eur=30),),
    )
    assert shrink(holds, 0) == ((), holds)


@pytest.mark.parametrize(
    ("amount", "millionths"), [("0.0381", 38_100), ("0.0000001", 1), ("0", 0), ("1.0000010", 1_000_001)]
)
def test_euros_become_millionths_rounded_up(amount: str, millionths: int) -> None:
    """A part of a millionth counts as a whole one, so that a cap is kept."""
    assert micro(Decimal(amount)) == millionths


@pytest.mark.parametrize(
    ("millionths", "shown"), [(0, "0.00"), (1, "0.01"), (10_000, "0.01"), (10_001, "0.02"), (114_300, "0.12")]
)
def test_millionths_are_shown_in_cents_rounded_up(millionths: int, shown: str) -> None:
    """A person sees whole cents, never fewer than it is."""
    assert str(euros(millionths)) == shown


def test_a_hold_belongs_to_the_month_it_is_made_in() -> None:
    """Three hours at 0.0381 are 0.1143 euros, of November until its last second in UTC."""
    last = datetime(2026, 11, 30, 23, 59, 59, tzinfo=UTC)
    assert hold(last, Decimal("0.0381"), 3) == Hold(month="202611", micro_eur=114_300)
    assert (month_of(last), month_of(last.replace(year=2027, month=1, day=1))) == ("202611", "202701")


@pytest.mark.parametrize(("lived", "hours"), [(4 * MINUTE, 1), (HOUR, 1), (115 * MINUTE, 2), (121 * MINUTE, 3)])
def test_billed_is_what_the_provider_bills(lived: timedelta, hours: int) -> None:
    """The started hours since the server's creation at the price of the choice."""
    assert billed(an_instance(Status.RUNNING), TEN + lived) == micro(CHOICE.hourly * hours)


@pytest.mark.parametrize("lacking", ["machine", "choice"])
def test_nothing_is_billed_without_a_server(lacking: str) -> None:
    """An instance that never had a server costs nothing, however old its row is."""
    row = an_instance(Status.DELETING, **{lacking: None})
    assert billed(row, TEN + 24 * HOUR) == 0

"""The counters of a write are the difference of the two rows: nobody can forget a refund."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.errors import LimitReached
from chalicelib.domain.instance import Hold, Instance, Status
from chalicelib.operations.ports import CounterChange
from chalicelib.operations.save import LIVE, counter_changes, save, spend_key
from tests.unit.domain.samples import LIMITS, an_instance
from tests.unit.operations.world import World

HOLDS = st.lists(
    st.builds(Hold, month=st.sampled_from(["202611", "202612"]), micro_eur=st.integers(0, 10**6)), max_size=4
).map(tuple)
ROWS = st.builds(lambda status, holds: an_instance(status, holds=holds), st.sampled_from(Status), HOLDS)


def amounts(changes: tuple[CounterChange, ...]) -> dict[str, int]:
    """What is added to each counter."""
    return {change.key: change.amount for change in changes}


@settings(deadline=None)
@given(rows=st.lists(ROWS, min_size=1, max_size=6))
def test_i21_the_sum_of_all_changes_is_what_the_last_row_holds(rows: list[Instance]) -> None:
    """Whatever way a row took, the counters equal a recount of its last state (invariant 21)."""
    sums: dict[str, int] = {}
    for before, after in zip([None, *rows], rows, strict=False):
        for key, amount in amounts(counter_changes(before, after, LIMITS)).items():
            sums[key] = sums.get(key, 0) + amount
    last = rows[-1]
    recount = {LIVE: 0 if last.status in {Status.UNCONFIRMED, Status.DELETED, Status.FAILED} else 1}
    for hold in last.holds:
        recount[spend_key(hold.month)] = recount.get(spend_key(hold.month), 0) + hold.micro_eur
    assert {key: amount for key, amount in sums.items() if amount} == {
        key: amount for key, amount in recount.items() if amount
    }


@settings(deadline=None)
@given(before=st.none() | ROWS, after=ROWS)
def test_only_what_grows_has_a_cap(before: Instance | None, after: Instance) -> None:
    """A refund is never refused, and a reservation always may be."""
    for change in counter_changes(before, after, LIMITS):
        assert change.amount != 0
        assert (change.cap is not None) is (change.amount > 0)


def test_a_row_that_does_not_change_its_money_touches_no_counter() -> None:
    """A lease or a notice is a write of the row alone."""
    row = an_instance(Status.RUNNING)
    assert counter_changes(row, row, LIMITS) == ()


@pytest.mark.parametrize(("limit", "limits"), [("live", {"max_live": 0}), ("spend", {"max_monthly_eur": Decimal(0)})])
def test_a_full_counter_says_which_limit_it_is(limit: str, limits: dict[str, object]) -> None:
    """The refusal names the limit, in words for a person, and nothing is written."""
    world = World(**limits)
    with pytest.raises(LimitReached) as caught:
        save(world.services, an_instance(Status.REQUESTED), before=None)
    assert caught.value.data == {"limit": limit, "left": 0}
    assert str(caught.value).endswith(".")
    assert world.services.instances.get("0123456789ab") is None


def test_the_counter_of_a_month_is_named_by_it() -> None:
    """Money of different months is counted apart."""
    row = an_instance(holds=(Hold(month="202611", micro_eur=1), Hold(month="202612", micro_eur=2)))
    assert amounts(counter_changes(None, row, LIMITS)) == {"spend#202611": 1, "spend#202612": 2, "live": 1}
    assert spend_key(f"{datetime(2026, 12, 1, tzinfo=UTC):%Y%m}") == "spend#202612"

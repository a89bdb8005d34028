"""The counters of a write are the difference of the two rows: nobody can forget a refund."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.errors import CounterFull, LimitReached, ProviderError
from chalicelib.domain.instance import Hold, Instance, Status
from chalicelib.operations.ports import CounterChange
from chalicelib.operations.rotate_token import rotate_token
from chalicelib.operations.save import LIVE, counter_changes, quota_key, save, spend_key
from tests.unit.domain.samples import HOUR, LIMITS, TEN, an_instance
from tests.unit.operations.guests import confirmed, guests_machine
from tests.unit.operations.world import World

HOLDS = st.lists(
    st.builds(Hold, month=st.sampled_from(["202611", "202612"]), micro_eur=st.integers(0, 10**6)), max_size=4
).map(tuple)
GUESTS = st.booleans()


def lives(by_operator: bool, steps: list[tuple[Status, tuple[Hold, ...]]]) -> list[Instance]:
    """One row in the states of its life; whose order it was never changes."""
    return [an_instance(status, holds=holds, by_operator=by_operator) for status, holds in steps]


STATES = st.tuples(st.sampled_from(Status), HOLDS)
LIVES = st.builds(lives, GUESTS, st.lists(STATES, min_size=1, max_size=6))
ROWS = LIVES.map(lambda rows: rows[0])


def amounts(changes: tuple[CounterChange, ...]) -> dict[str, int]:
    """What is added to each counter."""
    return {change.key: change.amount for change in changes}


@settings(deadline=None)
@given(rows=LIVES)
def test_i21_the_sum_of_all_changes_is_what_the_last_row_holds(rows: list[Instance]) -> None:
    """Whatever way a row took, the counters equal a recount of its last state (invariant 21)."""
    sums: dict[str, int] = {}
    for before, after in zip([None, *rows], rows, strict=False):
        for key, amount in amounts(counter_changes(before, after, LIMITS)).items():
            sums[key] = sums.get(key, 0) + amount
    last = rows[-1]
    counted = 0 if last.status in {Status.UNCONFIRMED, Status.DELETED, Status.FAILED} else 1
    recount = {LIVE: counted, quota_key(last.owner): 0 if last.by_operator else counted}
    for hold in last.holds:
        recount[spend_key(hold.month)] = recount.get(spend_key(hold.month), 0) + hold.micro_eur
    assert {key: amount for key, amount in sums.items() if amount} == {
        key: amount for key, amount in recount.items() if amount
    }


@settings(deadline=None)
@given(before=st.none() | ROWS, after=ROWS)
def test_only_what_grows_has_a_cap(before: Instance | None, after: Instance) -> None:
    """A refund is never refused, a reservation always may be; what has ended is billed already, whatever the cap."""
    for change in counter_changes(before, after, LIMITS):
        assert change.amount != 0
        assert (change.cap is not None) is (change.amount > 0 and not after.terminal)


def test_a_row_that_does_not_change_its_money_touches_no_counter() -> None:
    """A lease or a notice is a write of the row alone."""
    row = an_instance(Status.RUNNING)
    assert counter_changes(row, row, LIMITS) == ()


@pytest.mark.parametrize(
    ("limit", "limits"),
    [("live", {"max_live": 0}), ("spend", {"max_monthly_eur": Decimal(0)}), ("owner", {"per_owner": 0})],
)
def test_a_full_counter_says_which_limit_it_is(limit: str, limits: dict[str, object]) -> None:
    """The refusal names the limit, in words for a person, and nothing is written."""
    world = World(**limits)
    with pytest.raises(LimitReached) as caught:
        save(world.services, an_instance(Status.REQUESTED, by_operator=False), before=None)
    assert caught.value.data == {"limit": limit, "left": 0}
    assert str(caught.value).endswith(".")
    assert world.services.instances.get("0123456789ab") is None


def test_the_counter_of_a_month_is_named_by_it() -> None:
    """Money of different months is counted apart."""
    row = an_instance(holds=(Hold(month="202611", micro_eur=1), Hold(month="202612", micro_eur=2)))
    assert amounts(counter_changes(None, row, LIMITS)) == {"spend#202611": 1, "spend#202612": 2, "live": 1}
    assert spend_key(f"{datetime(2026, 12, 1, tzinfo=UTC):%Y%m}") == "spend#202612"


def test_a_caller_may_count_more_in_the_same_write() -> None:
    """A counter of the caller's own is written with the row; when it is full nothing is, and the caller is told."""
    world = World()
    own = CounterChange(key="rate#mine", amount=1, cap=1, expires_at=TEN + HOUR)
    save(world.services, an_instance(Status.REQUESTED), before=None, more=(own,))
    before = world.table.contents()
    with pytest.raises(CounterFull) as caught:
        save(world.services, an_instance(Status.REQUESTED, id="f" * 12), before=None, more=(own,))
    assert caught.value.data["key"] == "rate#mine"
    assert world.table.contents() == before
    assert world.services.instances.counters(["rate#mine", LIVE]) == {"rate#mine": 1, LIVE: 1}


def test_a_quota_lives_longer_than_what_it_counts() -> None:
    """The counter of an owner may go when the longest life and its tombstone are over, counted from this step."""
    row = an_instance(Status.REQUESTED, by_operator=False)
    (change,) = [each for each in counter_changes(None, row, LIMITS) if each.key == quota_key(row.owner)]
    assert change.expires_at == TEN + timedelta(hours=LIMITS.max_life_hours) + timedelta(days=30)
    assert (change.amount, change.cap) == (1, LIMITS.per_owner)


def test_every_step_of_a_life_is_one_line_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """`instance.<status>` with the id and what it was; a write that changes no status is no line."""
    caplog.set_level(logging.INFO, logger="ccc.instances")
    world = World()
    row = guests_machine(world)
    rotate_token(world.services, row.id)
    world.settle(row.id, Status.DELETED)
    told = [(record.getMessage(), record.__dict__["fields"]) for record in caplog.records]
    steps = [(event, fields["was"]) for event, fields in told]
    assert steps == [
        ("instance.unconfirmed", None),
        ("instance.requested", "unconfirmed"),
        ("instance.creating", "requested"),
        ("instance.installing", "creating"),
        ("instance.running", "installing"),
        ("instance.deleting", "running"),
        ("instance.deleted", "deleting"),
    ]
    assert {fields["instance_id"] for _, fields in told} == {row.id}
    assert told[-1][1]["reason"] == "expired"
    assert {name for _, fields in told for name in fields} == {"instance_id", "was", "reason", "cause"}


def test_a_failure_is_logged_with_its_cause(caplog: pytest.LogCaptureFixture) -> None:
    """What an operator greps for says why there is no machine."""
    caplog.set_level(logging.INFO, logger="ccc.instances")
    world = World()
    row = confirmed(world)
    world.servers.fail_next(ProviderError("no"), "create")
    world.settle(row.id, Status.FAILED)
    last = caplog.records[-1]
    assert last.getMessage() == "instance.failed"
    failure = world.row(row.id).failure
    assert failure is not None
    assert last.__dict__["fields"]["cause"] == failure.code


def test_a_write_that_failed_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    """A line says what happened, and not what was tried."""
    caplog.set_level(logging.INFO, logger="ccc.instances")
    world = World(max_live=0)
    with pytest.raises(LimitReached):
        save(world.services, an_instance(Status.REQUESTED), before=None)
    assert caplog.records == []

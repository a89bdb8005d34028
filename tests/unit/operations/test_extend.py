"""Move the end of a running machine: once per key, never past a cap, never after the end."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.domain.errors import (
    CccError,
    EndedAlready,
    EndingAlready,
    EndMoved,
    InvalidInput,
    KeyReused,
    LimitReached,
    NotFound,
    NotRunning,
    StoreUnavailable,
)
from chalicelib.domain.instance import Instance, Status
from chalicelib.operations.advance import advance
from chalicelib.operations.deprovision import deprovision
from chalicelib.operations.extend import MOST, extend
from chalicelib.operations.save import save
from tests.fakes.clock import FakeClock
from tests.unit.domain.samples import HOUR, MINUTE, an_instance
from tests.unit.operations.between import Between
from tests.unit.operations.world import World

SECOND = timedelta(seconds=1)


def end_of(row: Instance) -> timedelta:
    """How long after its creation an instance ends."""
    assert row.expires_at is not None
    assert row.machine is not None
    return row.expires_at - row.machine.created_at


def until_end(world: World, row: Instance, before: timedelta) -> None:
    """Move the clock, and nothing else, to so long before the end."""
    assert row.expires_at is not None
    world.clock.advance(row.expires_at - before - world.clock.now())


def racing(world: World, event: Any) -> Any:
    """The services of whoever comes second: the event happens just before its write."""
    return replace(world.services, instances=Between(world.services.instances, "write", event))


def test_an_extension_moves_the_end_by_whole_hours_and_reserves_them() -> None:
    """Two more hours end two hours later, cost two hours more, and are told by mail."""
    world = World()
    row = world.running(1)
    spent = world.spend
    extended = extend(world.services, row.id, hours=2, key="k")
    assert end_of(extended.instance) == end_of(row) + 2 * HOUR
    assert (extended.extension.old_expires_at, extended.extension.new_expires_at) == (
        row.expires_at,
        extended.instance.expires_at,
    )
    assert extended.hours_left == 168 - 4
    assert world.spend == spent + 2 * 38_100
    world.follow_nudges()
    assert [subject for subject in world.mails() if subject.startswith("extended")]


def test_x1_the_same_key_adds_nothing_again() -> None:
    """A repeat gives the same answer, and the end and the money stay as they are (row X1)."""
    world = World()
    row = world.running()
    first = extend(world.services, row.id, hours=2, key="k")
    spent = world.spend
    again = extend(world.services, row.id, hours=2, key="k")
    assert again.extension == first.extension
    assert world.row(row.id).expires_at == first.instance.expires_at
    assert world.spend == spent


def test_x1_a_repeat_is_answered_after_a_further_extension() -> None:
    """A late repeat tells of its own extension, not of the newest."""
    world = World()
    row = world.running()
    first = extend(world.services, row.id, hours=2, key="k")
    extend(world.services, row.id, hours=1, key="l")
    assert extend(world.services, row.id, hours=2, key="k").extension == first.extension


def test_x1_a_repeat_is_answered_when_the_machine_is_gone() -> None:
    """What was granted stays granted in the answer, even when it has been used up."""
    world = World()
    row = world.running()
    first = extend(world.services, row.id, hours=1, key="k")
    world.settle(row.id, Status.DELETED, within=4 * HOUR)
    assert extend(world.services, row.id, hours=1, key="k").extension == first.extension


def test_the_same_key_with_other_hours_is_refused() -> None:
    """A key stands for one request."""
    world = World()
    row = world.running()
    extend(world.services, row.id, hours=1, key="k")
    with pytest.raises(KeyReused):
        extend(world.services, row.id, hours=2, key="k")


def test_x1_every_key_is_remembered_however_many_follow() -> None:
    """A repeat of the first key after fifteen others adds nothing: none is forgotten while the row lives (row X1)."""
    world = World()
    row = world.running()
    for number in range(15):
        extend(world.services, row.id, hours=1, key=f"k{number}")
    end = world.row(row.id).expires_at
    assert extend(world.services, row.id, hours=1, key="k0").instance.expires_at == end
    assert world.row(row.id).expires_at == end
    assert [granted.key for granted in world.row(row.id).extensions] == [f"k{number}" for number in range(15)]


def test_the_row_stays_small() -> None:
    """Whoever has extended five hundred times is refused, long before the row is too large for the table."""
    world = World(max_life_hours=2 * MOST)
    row = world.running()
    one = extend(world.services, row.id, hours=1, key="k").instance
    many = tuple(replace(one.extensions[0], key=f"k{number}") for number in range(MOST))
    save(world.services, replace(one, extensions=many), before=one)
    with pytest.raises(LimitReached) as caught:
        extend(world.services, row.id, hours=1, key="another")
    assert caught.value.data["left"] == 0


@pytest.mark.parametrize(("real", "ours"), [(30 * SECOND, -5 * MINUTE), (-HOUR / 2, 5 * HOUR)], ids=["slow", "fast"])
def test_x9_on_a_clock_that_the_others_contradict_it_is_neither_granted_nor_over(
    real: timedelta, ours: timedelta
) -> None:
    """Half a minute after the end by a clock that is slow, and before it by one that is fast: try again (row X9)."""
    world = World()
    world.table.has_clock(world.clock)
    row = world.running(1)
    until_end(world, row, -real)
    wrong = FakeClock(world.clock.now() + ours)
    with pytest.raises(StoreUnavailable, match="clocks"):
        extend(replace(world.services, clock=wrong), row.id, hours=1, key="k")
    assert world.row(row.id) == row


def test_x9_a_repeat_is_answered_on_any_clock() -> None:
    """What was granted is told again, whatever the clocks say (row X9)."""
    world = World()
    world.table.has_clock(world.clock)
    row = world.running(1)
    granted = extend(world.services, row.id, hours=1, key="k").extension
    wrong = FakeClock(world.clock.now() + 5 * HOUR)
    assert extend(replace(world.services, clock=wrong), row.id, hours=1, key="k").extension == granted


def test_x2_of_two_at_once_one_wins_and_the_other_is_told() -> None:
    """The second to write sees that the end has moved and adds nothing to it (row X2)."""
    world = World()
    row = world.running()
    spent = world.spend
    services = racing(world, lambda: extend(world.services, row.id, hours=1, key="first"))
    with pytest.raises(EndMoved) as caught:
        extend(services, row.id, hours=5, key="second")
    assert caught.value.data["expires_at"] == world.row(row.id).expires_at
    assert end_of(world.row(row.id)) == end_of(row) + HOUR
    assert world.spend == spent + 38_100


def test_x2_two_at_once_with_one_key_are_one_extension() -> None:
    """A request and its own repeat at the same time extend once, and both say so."""
    world = World()
    row = world.running()
    services = racing(world, lambda: extend(world.services, row.id, hours=2, key="k"))
    extended = extend(services, row.id, hours=2, key="k")
    assert end_of(extended.instance) == end_of(row) + 2 * HOUR


def test_a_write_that_does_not_move_the_end_is_no_conflict() -> None:
    """A worker who took the row in between is no reason to refuse."""
    world = World()
    row = world.running()
    extended = extend(racing(world, lambda: world.held(row.id)), row.id, hours=1, key="k")
    assert end_of(extended.instance) == end_of(row) + HOUR
    assert world.row(row.id).lease_id == "somebody"


def test_x3_whoever_ends_it_first_wins() -> None:
    """An extend that meets a deletion in its write is refused, and the deletion goes on (row X3)."""
    world = World()
    row = world.running()
    with pytest.raises(EndingAlready):
        extend(racing(world, lambda: deprovision(world.services, row.id)), row.id, hours=1, key="k")
    assert world.row(row.id).status is Status.DELETING


def test_x3_a_reaper_that_meets_an_extend_lets_the_machine_live() -> None:
    """A worker that was about to claim the end finds it moved, and does not claim it (rows X3, R3)."""
    world = World()
    row = world.running()
    until_end(world, row, SECOND)
    extend(world.services, row.id, hours=1, key="k")
    until_end(world, row, -SECOND)
    world.tick()
    assert world.row(row.id).status is Status.RUNNING


def test_x3_an_extend_between_a_reapers_look_and_its_claim_wins() -> None:
    """The clocks of two processes differ: an end that moves after the reaper's look is not claimed."""
    world = World()
    row = world.running()
    until_end(world, row, SECOND)
    behind = replace(world.services, clock=type(world.clock)(world.clock.now()))
    world.clock.advance(SECOND)
    # the first write takes the row, the second claims its end
    instances: Any = Between(world.services.instances, "write", lambda: extend(behind, row.id, hours=1, key="k"), nth=2)
    advancing = replace(world.services, instances=instances)
    advance(advancing, row.id)
    assert world.row(row.id).status is Status.RUNNING


def test_x4_the_last_second_counts() -> None:
    """One second before the end an extend is granted."""
    world = World()
    row = world.running()
    until_end(world, row, SECOND)
    assert end_of(extend(world.services, row.id, hours=1, key="k").instance) == end_of(row) + HOUR


@pytest.mark.parametrize("late", [timedelta(0), SECOND, HOUR])
def test_x4_at_the_end_it_is_too_late(late: timedelta) -> None:
    """At the end and after it an extend is refused, even before anybody has claimed the deletion (row X4)."""
    world = World()
    row = world.running()
    spent = world.spend
    until_end(world, row, -late)
    with pytest.raises(EndingAlready):
        extend(world.services, row.id, hours=1, key="k")
    assert (world.row(row.id), world.spend) == (row, spent)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (Status.UNCONFIRMED, NotRunning),
        (Status.REQUESTED, NotRunning),
        (Status.CREATING, NotRunning),
        (Status.INSTALLING, NotRunning),
        (Status.DELETING, EndingAlready),
        (Status.DELETED, EndedAlready),
        (Status.FAILED, EndedAlready),
    ],
)
def test_x8_only_a_running_machine_has_an_end(status: Status, error: type[CccError]) -> None:
    """Before it runs, while it is deleted and when it is gone, each has its own refusal (row X8)."""
    world = World()
    row = world.put(an_instance(status))
    with pytest.raises(error):
        extend(world.services, row.id, hours=1, key="k")
    assert world.row(row.id) == row


@pytest.mark.parametrize("hours", [-1, 0, 73])
def test_x7_hours_out_of_bounds_are_refused(hours: int) -> None:
    """From 1 to the operator's most (row X7)."""
    world = World()
    row = world.running()
    with pytest.raises(InvalidInput):
        extend(world.services, row.id, hours=hours, key="k")


def test_x6_the_cap_on_a_life_refuses_and_says_what_is_left() -> None:
    """Of a life of four hours two are left; three are refused, two are granted (row X6)."""
    world = World(max_life_hours=4)
    row = world.running()
    spent = world.spend
    with pytest.raises(LimitReached) as caught:
        extend(world.services, row.id, hours=3, key="k")
    assert caught.value.data == {"limit": "life", "left": 2}
    assert (world.row(row.id), world.spend) == (row, spent)
    assert extend(world.services, row.id, hours=2, key="k").hours_left == 0


def test_x6_the_cap_on_money_refuses_and_changes_nothing() -> None:
    """When the month's money does not suffice, neither the end nor a counter moves (row X6)."""
    world = World(max_monthly_eur=Decimal("0.25"))
    row = world.running()
    spent = world.spend
    with pytest.raises(LimitReached) as caught:
        extend(world.services, row.id, hours=24, key="k")
    assert caught.value.data["limit"] == "spend"
    assert (world.row(row.id), world.spend, world.live) == (row, spent, 1)


def test_x1_a_lost_reply_to_our_own_write_is_a_success() -> None:
    """The end was moved and the reply was lost: it is moved once."""
    world = World()
    row = world.running()
    world.table.lose_next_reply()
    assert end_of(extend(world.services, row.id, hours=1, key="k").instance) == end_of(row) + HOUR
    assert end_of(world.row(row.id)) == end_of(row) + HOUR


def test_an_unknown_id_is_not_found() -> None:
    """There is nothing to extend."""
    with pytest.raises(NotFound):
        extend(World().services, "ffffffffffff", hours=1, key="k")

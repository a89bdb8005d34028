"""Counters that are off are found from the rows, doubted once, and repaired without losing an order (invariant 21)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.domain import budget
from chalicelib.domain.audit import Deed
from chalicelib.domain.instance import Status
from chalicelib.operations.deprovision import deprovision
from chalicelib.operations.logbook import Logbook
from chalicelib.operations.ports import Run, RunState
from chalicelib.operations.recount import APART, PAGE, REPAIRED, SEEN, WOULD_REPAIR, recount
from chalicelib.operations.request_reap import new_run
from chalicelib.operations.save import LIVE, quota_key, spend_key
from chalicelib.storage.table import Item
from tests.unit.domain.samples import HOUR, MINUTE, TEN, an_instance
from tests.unit.operations.between import Between
from tests.unit.operations.guests import ANNA, asked, guests_machine, quota
from tests.unit.operations.world import World


def counted(world: World, *, dry_run: bool = False, left: float = 60.0) -> Run:
    """One recount, kept as the reaper keeps its runs."""
    book = Logbook(world.services.runs, replace(new_run(world.services, dry_run=dry_run), state=RunState.DONE))
    recount(world.services, book, left=lambda: left)
    world.services.runs.save(book.run)
    return book.run


def spoil(world: World, key: str, by: int) -> None:
    """Somebody's hand in the table."""
    world.services.instances.add(key, by, cap=None, expires_at=None)


def spend(world: World) -> str:
    """The counter of this month's money."""
    return spend_key(budget.month_of(world.clock.now()))


def words(run: Run) -> list[str]:
    """What a run says it did with counters."""
    return [entry.what for entry in (*run.did, *run.skipped)]


def a_busy_service() -> World:
    """Guests and an operator, alive, ended, waiting and failed."""
    world = World(per_owner=3)
    guests_machine(world)
    ended = guests_machine(world, "bert@example.com")
    deprovision(world.services, ended.id)
    world.follow_nudges()
    asked(world, "cleo@example.com")
    world.running()
    world.order()
    return world


def test_i21_counters_that_are_right_are_left_alone() -> None:
    """Of lives of every kind the rows say what the counters say: nothing is noted and nothing is written."""
    world = a_busy_service()
    before = world.table.contents()
    book = Logbook(world.services.runs, new_run(world.services))
    recount(world.services, book, left=lambda: 60.0)
    assert (book.run.did, book.run.skipped) == ((), ())
    assert world.table.contents() == before
    assert world.live == 3


@pytest.mark.parametrize("by", [3, -1])
@pytest.mark.parametrize("what", ["live", "spend", "quota"])
def test_i21_what_is_off_is_repaired_at_the_second_sight(what: str, by: int) -> None:
    """The first run notes it, the next one puts it right and raises an alarm, and a third finds nothing (I21)."""
    world = a_busy_service()
    row = guests_machine(world, "dora@example.com")
    key = {"live": LIVE, "spend": spend(world), "quota": quota_key(row.owner)}[what]
    right = world.services.instances.counters([key])[key]
    spoil(world, key, by)
    first = counted(world)
    assert (words(first), world.services.instances.counters([key])[key]) == ([SEEN], right + by)
    assert f"{by:+d}" in first.skipped[0].why
    world.clock.advance(HOUR)
    second = counted(world)
    assert (words(second), world.services.instances.counters([key])[key]) == ([REPAIRED], right)
    ((event, fields),) = world.alarms.raised
    assert (event, fields["by"]) == ("recount.repaired", -by)
    assert Deed.COUNTER_REPAIRED in {entry.did for entry in world.services.audit.of_day(TEN.date(), 99)}
    world.clock.advance(HOUR)
    assert words(counted(world)) == []


def test_a_person_who_was_locked_out_by_a_wrong_counter_is_found_by_their_wish() -> None:
    """Somebody without a machine, whose counter says that they have one, is let in again within two runs."""
    world = World()
    row = asked(world)
    spoil(world, quota_key(row.owner), 1)
    counted(world)
    world.clock.advance(HOUR)
    run = counted(world)
    assert (words(run), quota(world, row)) == ([REPAIRED], 0)
    assert run.did[0].instance_id == row.id


def test_no_digest_of_an_address_gets_into_the_record() -> None:
    """The owner of a quota is named by a row, so that nothing outlives the tombstone."""
    world = World()
    row = guests_machine(world, ANNA)
    spoil(world, quota_key(row.owner), 1)
    run = counted(world)
    assert row.owner not in str(run)
    assert run.skipped[0].instance_id == row.id


def test_another_difference_is_doubted_anew() -> None:
    """Only the very same finding counts as seen twice."""
    world = a_busy_service()
    spoil(world, LIVE, 1)
    counted(world)
    world.clock.advance(HOUR)
    spoil(world, LIVE, 1)
    assert words(counted(world)) == [SEEN]
    assert world.live == 5


@pytest.mark.parametrize("wait", [MINUTE, timedelta(hours=4)], ids=["too soon", "too long ago"])
def test_sightings_that_are_too_near_or_too_far_do_not_count(wait: timedelta) -> None:
    """Two looks within a quarter of an hour are one, and what was noted hours ago is forgotten."""
    world = a_busy_service()
    spoil(world, LIVE, 1)
    counted(world)
    world.clock.advance(wait)
    assert words(counted(world)) == [SEEN]


def test_a_dry_run_explains_and_changes_nothing() -> None:
    """It says what a run would repair, and its own sight does not count as one."""
    world = a_busy_service()
    spoil(world, LIVE, 1)
    counted(world, dry_run=True)
    world.clock.advance(APART)
    assert words(counted(world)) == [SEEN]
    world.clock.advance(APART)
    assert words(counted(world, dry_run=True)) == [WOULD_REPAIR]
    assert (world.live, world.alarms.raised) == (4, [])


def test_an_order_that_comes_in_between_is_not_taken_for_a_defect() -> None:
    """Counters that moved while the rows were read are looked at another time."""
    world = a_busy_service()
    instances: Any = Between(world.services.instances, "page", world.order)
    services = replace(world.services, instances=instances)
    book = Logbook(world.services.runs, new_run(world.services))
    recount(services, book, left=lambda: 60.0)
    assert (book.run.did, book.run.skipped, world.live) == ((), (), 4)


def test_a_repair_keeps_what_was_ordered_meanwhile() -> None:
    """It adds a difference: an order between the sights is counted before and after."""
    world = a_busy_service()
    spoil(world, LIVE, 2)
    counted(world)
    world.order()
    world.clock.advance(HOUR)
    counted(world)
    assert world.live == 4


def test_rows_of_another_release_stop_the_recount() -> None:
    """What cannot be read may count for something: nothing is known, and it is said (rule R22)."""
    world = a_busy_service()
    spoil(world, LIVE, 1)
    strange = Item(key="instance#0123456789ff", body={"schema": 99}, listing="live", listed_at=int(TEN.timestamp()))
    world.table.put(strange)
    for _ in range(2):
        run = counted(world)
        assert (run.did, [entry.what for entry in run.skipped]) == ((), [SEEN])
        assert "not every row" in run.skipped[0].why
        world.clock.advance(HOUR)
    assert world.live == 4


def test_without_time_nothing_is_concluded_from_half_the_rows() -> None:
    """More rows than one page and no time left: it is said, and nothing is repaired."""
    world = World()
    for number in range(PAGE + 1):
        world.put(an_instance(Status.DELETED, id=f"{number:012x}", holds=(), ended_at=TEN))
    spoil(world, LIVE, 1)
    run = counted(world, left=0.0)
    assert (words(run), "time was over" in run.skipped[0].why) == ([SEEN], True)
    assert words(counted(world)) == [SEEN]
    assert "live machines" in counted(world).skipped[0].why


def test_on_the_31st_money_is_not_counted_again() -> None:
    """What ended on the first has no tombstone any more: a month's money is judged while all its rows are there."""
    world = World()
    world.clock.advance(datetime(2026, 12, 30, 23, 0, tzinfo=UTC) - world.clock.now())
    spoil(world, spend(world), 5)
    assert words(counted(world)) == [SEEN]
    world.clock.advance(2 * HOUR)
    assert words(counted(world)) == []


def test_i21_the_hourly_run_does_it() -> None:
    """Two runs of the schedule put a counter right, and their records say so; the tick's sweeps have no part in it."""
    world = a_busy_service()
    spoil(world, LIVE, 2)
    assert SEEN in [entry.what for entry in world.reap().skipped]
    world.wait(HOUR - MINUTE)
    assert world.live == 5
    world.clock.advance(MINUTE)
    assert REPAIRED in [entry.what for entry in world.reap().did]
    assert world.live == len(world.services.instances.page(ended=False, limit=9, cursor=None).instances)

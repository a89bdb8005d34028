"""The breaker in the life of the service: who is refused while it is open, who opens and who closes it (row B22)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.breaker import IN_A_ROW, OPEN_FOR, BreakerState
from chalicelib.domain.build import Cause, Phase
from chalicelib.domain.errors import Paused, StoreUnavailable, WriteConflict
from chalicelib.domain.instance import Instance, Status
from chalicelib.operations.breaker import MAX_TRIES, note_failure
from chalicelib.operations.close_breaker import close_breaker
from chalicelib.operations.retry import retry
from tests.unit.domain.samples import TEN
from tests.unit.operations.between import Between, meeting
from tests.unit.operations.guests import asked, said_yes, signed_up
from tests.unit.operations.world import World

ALARM = "builds.held_back"
TEN_MINUTES = timedelta(minutes=10)


def thrown_away(world: World, cause: Cause = Cause.WRONG_HOST_KEY) -> Instance:
    """An instance whose build fails for a cause after which there is no other attempt."""
    row = world.installing()
    world.claim(row.id)
    world.begin(row.id, Phase.SSH)
    world.fail_build(row.id, cause)
    world.follow_nudges()
    return world.row(row.id)


def held_back(world: World) -> Instance:
    """The breaker is opened by three builds; the last of them."""
    return [thrown_away(world) for _ in range(IN_A_ROW)][-1]


def test_b22_the_third_failure_in_a_row_holds_everything_new_back() -> None:
    """Orders, signups, confirmations and retries are refused with the reason and the time to wait (row B22)."""
    world = World(per_owner=5)
    wished = asked(world)
    failed = held_back(world)
    verbs: list[Callable[[], object]] = [
        world.order,
        lambda: signed_up(world, "bert@example.com"),
        lambda: said_yes(world, wished.id),
        lambda: retry(world.services, failed.id),
    ]
    before = (world.live, world.spend)
    for verb in verbs:
        with pytest.raises(Paused, match="not the one we gave it") as caught:
            verb()
        assert caught.value.data["retry_after"] == OPEN_FOR.total_seconds()
    assert (world.live, world.spend) == before
    assert world.row(wished.id).status is Status.UNCONFIRMED


def test_b22_what_was_ordered_before_waits_too_and_buys_nothing() -> None:
    """Orders in the queue of a platform are not bought for while it is open, and go on when it closes (B22)."""
    world = World(per_owner=9)
    building = [world.installing() for _ in range(IN_A_ROW)]
    world.installer.queueing = True
    waiting = world.order().instance
    world.follow_nudges()
    for row in building:
        world.claim(row.id)
        world.begin(row.id, Phase.SSH)
        world.fail_build(row.id, Cause.WRONG_HOST_KEY)
    world.follow_nudges()
    bought = world.requests().count("create")
    world.installer.run(waiting.id, 1)
    world.installer.queueing = False
    world.wait(TEN_MINUTES)
    assert (world.row(waiting.id).status, world.requests().count("create")) == (Status.REQUESTED, bought)
    close_breaker(world.services)
    world.settle(waiting.id, Status.INSTALLING, within=TEN_MINUTES)


def test_b22_the_alarm_is_raised_once_when_it_opens() -> None:
    """Two failures are no alarm, the third is one, and those that follow say nothing new."""
    world = World()
    queued = [world.order().instance for _ in range(2)]
    thrown_away(world)
    thrown_away(world)
    assert ALARM not in world.alarms.events()
    thrown_away(world)
    for row in queued:
        world.claim(row.id)
        world.fail_build(row.id, Cause.WRONG_HOST_KEY)
        world.follow_nudges()
    assert world.alarms.events().count(ALARM) == 1


def test_b22_three_attempts_of_one_instance_are_one_failure() -> None:
    """What counts is the instance that failed for good, not each of its attempts."""
    world = World()
    row = world.installing()
    for attempt in (1, 2, 3):
        world.claim(row.id, attempt)
        world.fail_build(row.id, Cause.COPY_FAILED, attempt)
        world.follow_nudges()
    assert world.row(row.id).failure is not None
    state = world.services.breaker.get()
    assert (state.cause, state.count, state.counted) == (Cause.COPY_FAILED, 1, (row.id,))


@pytest.mark.parametrize("closed_by", ["a success", "an hour"])
def test_b22_it_closes_with_a_success_and_after_its_hour(closed_by: str) -> None:
    """A machine that was ordered before and gets ready opens the way again, and so does time."""
    world = World()
    ordered_before = world.installing()
    held_back(world)
    if closed_by == "a success":
        world.build(ordered_before.id)
        world.follow_nudges()
        assert world.row(ordered_before.id).status is Status.RUNNING
    else:
        world.clock.advance(OPEN_FOR - timedelta(seconds=1))
        with pytest.raises(Paused) as caught:
            world.order()
        assert caught.value.data["retry_after"] == 1
        world.clock.advance(timedelta(seconds=1))
    assert world.order().instance.status is Status.REQUESTED


def test_a_success_between_failures_keeps_it_closed() -> None:
    """Two failures, a machine, and two failures are no row of three."""
    world = World()
    for _ in range(2):
        thrown_away(world)
        thrown_away(world)
        world.running()
    assert world.order().instance.status is Status.REQUESTED
    assert ALARM not in world.alarms.events()


def test_a_sold_out_market_does_not_open_it() -> None:
    """Failures that the market has made hold nobody back."""
    world = World()
    for _ in range(2 * IN_A_ROW):
        note_failure(world.services, world.ids.new(), Cause.STOCK, TEN)
    assert world.services.breaker.get() == BreakerState()


def test_a_step_that_is_taken_again_after_a_crash_counts_once() -> None:
    """A worker that dies between the breaker and the row leaves one count, and the next worker adds none."""
    world = World()
    row = world.installing()
    world.claim(row.id)
    world.fail_build(row.id, Cause.WRONG_HOST_KEY)
    dies: Any = Between(world.services.breaker, "write", _die, after=True)
    with meeting(world, breaker=dies), pytest.raises(KeyboardInterrupt):
        world.follow_nudges()
    assert world.row(row.id).status is Status.INSTALLING
    world.settle(row.id, Status.FAILED)
    assert world.services.breaker.get().count == 1


def _die() -> None:
    raise KeyboardInterrupt


def test_two_that_fail_at_once_are_both_counted() -> None:
    """Whoever loses the write counts on what the other wrote."""
    world = World()
    plain = world.services
    both: Any = Between(plain.breaker, "write", lambda: note_failure(plain, "other", Cause.DISK, TEN))
    with meeting(world, breaker=both):
        note_failure(world.services, "one", Cause.DISK, TEN)
    assert set(world.services.breaker.get().counted) == {"one", "other"}


def test_a_crowd_at_the_item_costs_a_count_and_holds_up_nobody() -> None:
    """After a number of lost writes the failure is not counted, and nothing is raised."""
    world = World()
    losing: Any = _Losing(world.services.breaker)
    with meeting(world, breaker=losing):
        note_failure(world.services, "one", Cause.DISK, TEN)
    assert losing.tried == MAX_TRIES
    assert world.services.breaker.get() == BreakerState()


class _Losing:
    """A breaker whose every write meets another."""

    def __init__(self, port: Any) -> None:
        self._port = port
        self.tried = 0

    def get(self) -> BreakerState:
        """The state as it is."""
        state: BreakerState = self._port.get()
        return state

    def write(self, after: BreakerState, before: BreakerState) -> BreakerState:  # noqa: ARG002 -- the port's shape
        """Lose."""
        self.tried += 1
        raise WriteConflict("Somebody else was first.")


@pytest.mark.parametrize(("ready", "status"), [(True, Status.RUNNING), (False, Status.FAILED)])
def test_a_breaker_that_cannot_be_told_holds_up_no_row(ready: bool, status: Status) -> None:
    """A machine becomes ready, and one that failed is deleted, though the breaker's item does not answer."""
    world = World()
    row = world.installing()
    away: Any = _Away()
    with meeting(world, breaker=away):
        if ready:
            world.build(row.id)
        else:
            world.claim(row.id)
            world.fail_build(row.id, Cause.WRONG_HOST_KEY)
        world.follow_nudges()
    world.settle(row.id, status)


class _Away:
    """A breaker whose table does not answer."""

    def get(self) -> BreakerState:
        """Raise."""
        raise StoreUnavailable("The table did not answer.")

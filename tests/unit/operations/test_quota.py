"""What one address may have at a time: counted when it is confirmed, free again however the instance ends."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.errors import BuildRefused, LimitReached, ProviderError
from chalicelib.domain.instance import EndReason, Instance, Status
from chalicelib.operations.deprovision import deprovision
from chalicelib.operations.retry import retry
from tests.unit.domain.samples import HOUR, MINUTE
from tests.unit.operations.guests import ANNA, asked, confirmed, guests_machine, quota, said_yes
from tests.unit.operations.world import World


def expired(world: World) -> Instance:
    """A machine whose time is over."""
    row = guests_machine(world)
    return world.settle(row.id, Status.DELETED)


def released(world: World) -> Instance:
    """A machine that its owner ended."""
    row = guests_machine(world)
    deprovision(world.services, row.id)
    world.follow_nudges()
    return world.row(row.id)


def lost(world: World) -> Instance:
    """A machine that somebody deleted in the provider's console."""
    row = guests_machine(world, hours=5)
    assert row.machine is not None
    world.servers.vanish(row.machine.server_id)
    for _ in range(4):
        world.clock.advance(6 * MINUTE)
        world.reap()
        world.follow_nudges()
    return world.settle(row.id, Status.DELETED)


def failed(world: World) -> Instance:
    """A machine whose three builds failed."""
    row = confirmed(world)
    for attempt in (1, 2, 3):
        world.follow_nudges()
        world.claim(row.id, attempt)
        world.fail_build(row.id, attempt=attempt)
        world.wait(MINUTE)
    return world.settle(row.id, Status.FAILED)


def never_created(world: World) -> Instance:
    """A machine that the provider refuses to make."""
    row = confirmed(world)
    world.servers.fail_next(ProviderError("no"), "create")
    return world.settle(row.id, Status.FAILED)


def never_begun(world: World) -> Instance:
    """An order that is ended before anybody looked at it."""
    row = confirmed(world)
    deprovision(world.services, row.id)
    world.follow_nudges()
    return world.row(row.id)


def test_the_quota_is_counted_from_the_yes_until_the_machine_is_gone() -> None:
    """Not by the wish, but from the confirmation on, and still while the machine is being deleted."""
    world = World()
    row = asked(world)
    assert quota(world, row) == 0
    said_yes(world, row.id)
    assert quota(world, row) == 1
    world.follow_nudges()
    world.build(row.id)
    world.follow_nudges()
    assert (world.row(row.id).status, quota(world, row)) == (Status.RUNNING, 1)
    deprovision(world.services, row.id)
    assert (world.row(row.id).status, quota(world, row)) == (Status.DELETING, 1)
    world.follow_nudges()
    assert (world.row(row.id).status, quota(world, row)) == (Status.DELETED, 0)


@pytest.mark.parametrize("way", [expired, released, lost, failed, never_created, never_begun])
def test_i21_whatever_way_it_ends_the_next_machine_may_be_asked_for(way: Callable[[World], Instance]) -> None:
    """Ended, failed, lost or never made: the quota is 0, and the same address confirms another (invariant 21)."""
    world = World()
    row = way(world)
    assert row.terminal
    assert (quota(world, row), world.live) == (0, 0)
    assert row.end_reason is not None
    assert (row.status is Status.FAILED) is (row.end_reason is EndReason.FAILED)
    assert guests_machine(world).status is Status.RUNNING


def test_a_wish_that_is_never_confirmed_touches_no_quota() -> None:
    """Neither its signup nor its being forgotten is counted: the counter is not even made, and never negative."""
    world = World()
    row = asked(world)
    world.wait(24 * HOUR)
    assert world.row(row.id).status is Status.DELETED
    assert not [key for key in world.table.contents() if key.startswith("quota#")]


def test_operators_orders_are_neither_counted_nor_limited() -> None:
    """For one address an operator orders three machines beside the guest's own, and each may end."""
    world = World()
    mine = guests_machine(world, "name@example.com")
    orders = [world.order().instance for _ in range(3)]
    assert {each.owner for each in orders} == {mine.owner}
    assert (quota(world, mine), world.live) == (1, 4)
    for each in orders:
        deprovision(world.services, each.id)
    world.follow_nudges()
    assert (quota(world, mine), world.live) == (1, 1)


def test_an_operators_machine_does_not_keep_its_guest_from_signing_up() -> None:
    """Only what a guest asked for counts: the mail is `confirm`, and the yes is taken."""
    world = World()
    world.order()
    assert confirmed(world, "name@example.com").status is Status.REQUESTED
    assert world.mails() == ["confirm"]


def test_with_two_an_address_the_third_is_refused() -> None:
    """The cap is the operator's number, in every spelling of the address."""
    world = World(per_owner=2)
    wishes = [asked(world, address) for address in (ANNA, "Anna+2@example.com", "ANNA@example.com")]
    for each in wishes[:2]:
        said_yes(world, each.id)
    with pytest.raises(LimitReached, match="2 machines"):
        said_yes(world, wishes[2].id)
    assert quota(world, wishes[0]) == 2


def test_a_cap_that_is_lowered_ends_nothing_and_lets_nothing_new_in() -> None:
    """With two machines and a cap of one, both may end; only then there is room again."""
    world = World(per_owner=2)
    first, second = confirmed(world), confirmed(world)
    world.services = replace(world.services, limits=replace(world.services.limits, per_owner=1))
    for each in (first, second):
        deprovision(world.services, each.id)
        world.follow_nudges()
    assert quota(world, first) == 0
    assert confirmed(world).status is Status.REQUESTED


def test_i29_the_counter_outlives_the_longest_life_and_then_goes() -> None:
    """It is not thrown away while its machine may live, and is gone when the tombstone is (invariant 29)."""
    world = World()
    row = guests_machine(world)
    confirmed_at = row.requested_at
    assert confirmed_at is not None
    longest = timedelta(hours=world.services.limits.max_life_hours)
    world.table.purge(int((confirmed_at + longest + HOUR).timestamp()))
    assert quota(world, row) == 1
    ended = world.settle(row.id, Status.DELETED)
    world.table.purge(int((ended.status_since + longest + timedelta(days=30)).timestamp()))
    assert not [key for key in world.table.contents() if key.startswith("quota#")]


STEPS = st.lists(st.sampled_from(["ask", "yes", "refuse", "build", "end", "retry", "wait"]), max_size=14)


@settings(deadline=None, max_examples=60)
@given(steps=STEPS)
def test_i21_the_counters_equal_a_recount_after_every_step(steps: list[str]) -> None:
    """Whatever a guest does in whatever order, the quota is the number of their living rows, and 0 to the cap."""
    world = World(per_owner=2)
    rows: dict[str, None] = {}
    for step in ("ask", *steps):
        _take(world, step, rows)
        living = [row for row in map(world.row, rows) if not row.terminal and row.status is not Status.UNCONFIRMED]
        counted = quota(world, world.row(next(iter(rows))))
        assert counted == world.live == len(living)
        assert 0 <= counted <= 2


def _take(world: World, step: str, rows: dict[str, None]) -> None:
    """One step of somebody with every instance they have; what a rule is against has no effect."""
    if step == "ask":
        rows[asked(world, source=f"192.0.2.{len(rows)}").id] = None
    if step == "refuse":
        world.servers.fail_next(ProviderError("no"), "create")
    for each in tuple(rows):
        with suppress(LimitReached, BuildRefused):
            _act(world, step, world.row(each), rows)
    world.follow_nudges()
    if step == "wait":
        world.wait(10 * MINUTE)


def _act(world: World, step: str, row: Instance, rows: dict[str, None]) -> None:
    match step, row.status:
        case "yes", Status.UNCONFIRMED:
            said_yes(world, row.id)
        case "build", Status.INSTALLING:
            world.build(row.id, row.build.attempt if row.build else 1)
        case "end", Status.INSTALLING | Status.RUNNING:
            deprovision(world.services, row.id)
        case "retry", Status.FAILED:
            rows[retry(world.services, row.id).instance.id] = None
        case _:
            pass

"""One row at a time: taken by compare-and-swap, held, recorded, and never lost when somebody dies or interferes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.errors import NotFound, StoreUnavailable
from chalicelib.domain.instance import Status
from chalicelib.domain.lifecycle import LEASE
from chalicelib.operations.advance import advance
from chalicelib.operations.deprovision import deprovision
from tests.unit.domain.samples import HOUR, MINUTE, TEN, an_instance
from tests.unit.operations.between import Between
from tests.unit.operations.world import World


def test_what_does_not_exist_is_nothing_to_do() -> None:
    """A nudge for a row that is gone, or never was, does nothing."""
    world = World()
    advance(world.services, "ffffffffffff")
    assert world.alarms.raised == []


def test_a_row_that_is_not_due_is_left_alone() -> None:
    """Before its moment a row is not even taken."""
    world = World()
    row = world.put(an_instance(Status.REQUESTED, due_at=TEN + timedelta(seconds=1)))
    advance(world.services, row.id)
    assert world.row(row.id) == row


def test_a_row_that_somebody_holds_is_left_alone() -> None:
    """Until the lease ends nobody else works on the row; from then on the next one does."""
    world = World()
    row = world.with_builder()
    held = world.held(row.id)
    world.clock.advance(LEASE - timedelta(seconds=1))
    advance(world.services, row.id)
    assert world.row(row.id) == held
    world.clock.advance(timedelta(seconds=1))
    advance(world.services, row.id)
    assert world.row(row.id).status is Status.INSTALLING


def test_a_held_row_is_due_when_its_lease_ends() -> None:
    """A crash brings somebody back just then, and not at the moment that was due before."""
    world = World()
    row = world.order().instance

    class Killed(BaseException):
        """The worker is gone."""

    def kill() -> None:
        raise Killed

    installer: Any = Between(world.installer, "start", kill)
    with pytest.raises(Killed):
        advance(replace(world.services, installer=installer), row.id)
    held = world.row(row.id)
    assert held.lease_id is not None
    assert held.due_at == held.lease_until == TEN + LEASE


def test_after_its_work_a_row_is_let_go() -> None:
    """No lease is left behind, and the row is due at its own moment."""
    world = World()
    row = world.running()
    assert (row.lease_id, row.lease_until) == (None, None)
    assert row.expires_at is not None
    assert row.due_at == row.expires_at - HOUR


def test_a_lost_reply_to_a_record_is_no_reason_to_act_again() -> None:
    """The machine was recorded and the reply was lost: it is recognised, and no second create is sent (rule R5)."""
    world = World()
    row = world.with_builder()
    servers: Any = Between(world.servers, "create", world.table.lose_next_reply, after=True)
    advance(replace(world.services, servers=servers), row.id)
    assert world.row(row.id).status is Status.INSTALLING
    assert world.requests() == ["create"]


def test_a_store_that_is_down_stops_the_work() -> None:
    """Without the table nothing is done, and the error comes through (rule R21)."""
    world = World()
    row = world.order().instance
    world.table.fail_next(StoreUnavailable("down"))
    with pytest.raises(StoreUnavailable):
        advance(world.services, row.id)
    assert world.requests() == []


def test_a_wish_during_the_work_is_served_at_the_end_of_it() -> None:
    """The row was made due while it was held: its holder goes on instead of waiting."""
    world = World()
    row = world.installing()
    world.clock.advance(MINUTE)

    def wish() -> None:
        held = world.row(row.id)
        world.services.instances.write(replace(held, due_at=world.clock.now()), before=held)
        world.boot(row.id)
        world.installer.end(row.id, 1)

    installer: Any = Between(world.installer, "state", wish)
    world.claim(row.id)
    advance(replace(world.services, installer=installer), row.id)
    build = world.row(row.id).build
    assert build is not None
    assert build.attempt == 2


def test_whoever_lost_the_lease_records_nothing() -> None:
    """A worker who was paused past its lease finds another's, and its outcome is dropped."""
    world = World()
    row = world.order().instance

    def overtake() -> None:
        world.clock.advance(2 * MINUTE)
        world.held(row.id)

    installer: Any = Between(world.installer, "start", overtake, after=True)
    advance(replace(world.services, installer=installer), row.id)
    after = world.row(row.id)
    assert (after.status, after.lease_id, after.build) == (Status.REQUESTED, "somebody", None)


def test_a_row_that_was_ended_during_the_work_is_ended_by_its_holder() -> None:
    """The holder of a row that has moved to `deleting` goes on with the deletion at once."""
    world = World()
    row = world.order().instance
    installer: Any = Between(world.installer, "start", lambda: deprovision(world.services, row.id))
    advance(replace(world.services, installer=installer), row.id)
    assert world.row(row.id).status is Status.DELETED
    assert world.requests() == []


def test_what_a_step_raises_comes_through_and_leaves_the_lease() -> None:
    """A row whose secret is gone raises; nobody takes it again before its lease has run out."""
    world = World()
    row = world.order().instance
    world.keyring.rotate()
    world.keyring.throw_away("k1")
    with pytest.raises(NotFound):
        advance(world.services, row.id)
    assert world.row(row.id).lease_until == TEN + LEASE
    assert world.requests() == []


@pytest.mark.parametrize("status", list(Status))
def test_no_status_goes_round_in_circles(status: Status) -> None:
    """Whatever a row of any status owes, a single `advance` leaves it released, and in the future or done."""
    world = World()
    row = world.put(an_instance(status, due_at=TEN))
    advance(world.services, row.id)
    after = world.row(row.id)
    assert after.lease_id is None
    assert after.due_at is None or after.due_at > world.clock.now()

"""What is said of a due row before a run: the act and its reason, or what stands against it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.domain.build import Cause
from chalicelib.domain.errors import ProviderUnknown, RateLimited
from chalicelib.domain.instance import EndReason, Instance, Status
from chalicelib.domain.reasons import Act, Reason
from chalicelib.operations.deprovision import deprovision
from chalicelib.operations.outlook import outlook, why_it_ends
from chalicelib.operations.step import explain
from tests.unit.domain.samples import HOUR, MINUTE, an_instance
from tests.unit.operations.guests import asked
from tests.unit.operations.world import World


def over(world: World) -> Instance:
    """A machine whose time is over and on which nobody has looked."""
    row = world.running()
    assert row.expires_at is not None
    world.clock.advance(row.expires_at - world.clock.now())
    return row


def told(world: World, row: Instance) -> tuple[Act | None, str]:
    """The act, and the reason without the fact in parentheses."""
    seen = outlook(world.services, world.row(row.id), world.clock.now())
    return seen.act, seen.why.split(" (")[0]


def test_a_machine_whose_time_is_over_is_ended() -> None:
    """The reason names the end; the server that goes with it is named too."""
    world = World()
    row = over(world)
    seen = outlook(world.services, world.row(row.id), world.clock.now())
    assert row.machine is not None
    assert (seen.act, seen.server_id) == (Act.END, row.machine.server_id)
    assert seen.why == "its time was over (2026-11-02T11:55:00Z)"


def lose_marker(world: World, _: Instance) -> None:
    """Somebody deletes the marker."""
    assert world.stack.marker_id is not None
    world.servers.remove_key(world.stack.marker_id)
    world.clock.advance(2 * MINUTE)


def silence(world: World, _: Instance) -> None:
    """The provider does not answer."""
    world.clock.advance(2 * MINUTE)
    world.servers.fail_next(ProviderUnknown("timed out"))


def throttle(world: World, _: Instance) -> None:
    """The provider takes no more requests."""
    world.servers.fail_next(RateLimited("slow down"), "get")


def rename(world: World, row: Instance) -> None:
    """Somebody renames the server."""
    assert row.machine is not None
    world.servers.alter(row.machine.server_id, name="theirs")


def lease(world: World, row: Instance) -> None:
    """A worker holds the row."""
    held = world.held(row.id)
    world.services.instances.delay(held.id, world.clock.now())


def skew(world: World, _: Instance) -> None:
    """The provider's clock is an hour away."""
    world.servers.skew = timedelta(hours=1)


def lengthen(world: World, row: Instance) -> None:
    """It was claimed by a clock that was fast: the end is still to come."""
    now = world.row(row.id)
    assert now.expires_at is not None
    early = replace(now, status=Status.DELETING, end_reason=EndReason.EXPIRED, expires_at=now.expires_at + HOUR)
    world.services.instances.write(early, before=now)


@pytest.mark.parametrize(
    ("happen", "why"),
    [
        (lose_marker, Reason.NO_MARKER),
        (silence, Reason.NO_ANSWER),
        (throttle, Reason.NO_ANSWER),
        (rename, Reason.NOT_OURS),
        (lease, Reason.LEASED),
        (skew, Reason.CLOCK),
        (lengthen, Reason.NOT_YET),
    ],
)
def test_what_stands_against_an_end_is_named(happen: Callable[[World, Instance], None], why: Reason) -> None:
    """Each hindrance has its reason; nothing would be done."""
    world = World()
    row = over(world)
    happen(world, row)
    assert told(world, row) == (None, why)


def test_a_create_that_may_still_be_on_its_way_is_waited_for() -> None:
    """No machine is known and the create's time is not over: no end yet, and then one."""
    world = World()
    row = world.order().instance
    world.nudge.take()
    until = world.clock.now() + 2 * MINUTE
    held = replace(
        world.row(row.id),
        status=Status.DELETING,
        end_reason=EndReason.RELEASED,
        build=an_instance(Status.CREATING).build,
    )
    world.services.instances.write(replace(held, create_until=until), before=world.row(row.id))
    assert told(world, row) == (None, Reason.CREATE_ON_ITS_WAY)
    world.clock.advance(2 * MINUTE)
    assert told(world, row) == (Act.END, Reason.RELEASED)


def test_what_is_not_due_any_more_is_left_alone() -> None:
    """An index may lag: no row, or nothing due."""
    world = World()
    assert outlook(world.services, None, world.clock.now()).why == Reason.NOT_DUE
    assert told(world, world.running(24)) == (None, Reason.NOT_DUE)


def test_every_duty_has_a_reason() -> None:
    """A wish that is waited for, an order, and a mail: what each is served for."""
    world = World()
    wish = asked(world)
    world.clock.advance(25 * HOUR)
    assert told(world, wish) == (Act.SERVE, Reason.CONFIRMATION)
    assert told(world, world.order().instance) == (Act.SERVE, Reason.BUILDER)
    machine = world.running(24)
    assert machine.expires_at is not None
    world.clock.advance(machine.expires_at - HOUR - world.clock.now())
    assert told(world, machine) == (Act.SERVE, Reason.MAIL)


@pytest.mark.parametrize(
    ("reason", "why"),
    [
        (EndReason.RELEASED, "its owner or the operator ended it"),
        (EndReason.FAILED, "it could not be built (disk)"),
        (EndReason.LOST, "its machine was gone at the provider"),
        (EndReason.EXPIRED, "its time was over (2026-11-02T11:55:00Z)"),
    ],
)
def test_every_way_to_end_has_a_reason(reason: EndReason, why: str) -> None:
    """The reason stays with the tombstone, so it can be told ever after."""
    failure = explain(Cause.DISK) if reason is EndReason.FAILED else None
    assert why_it_ends(an_instance(Status.DELETING, end_reason=reason, failure=failure)) == why


def test_an_outlook_changes_nothing_but_the_markers_answer() -> None:
    """Whatever is asked, rows and servers stay as they are."""
    world = World()
    rows = [over(world), world.order().instance]
    deprovision(world.services, rows[0].id)
    before = {key: item for key, item in world.table.contents().items() if key != "stack"}
    for row in rows:
        outlook(world.services, world.row(row.id), world.clock.now())
    assert {key: item for key, item in world.table.contents().items() if key != "stack"} == before
    assert "delete" not in world.requests()

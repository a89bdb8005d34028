"""The pause switch: nothing new is begun, nothing old is touched (rule R25)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.domain import audit
from chalicelib.domain.audit import Deed
from chalicelib.domain.errors import Paused
from chalicelib.domain.instance import Status
from chalicelib.operations.extend import extend
from chalicelib.operations.pause import pause
from chalicelib.operations.resume import resume
from tests.unit.domain.samples import TEN
from tests.unit.operations.guests import asked, said_yes, signed_up
from tests.unit.operations.world import World

WHO = audit.operator("a" * 64)


def test_rule_25_orders_signups_and_confirmations_are_refused_with_a_sentence() -> None:
    """Every way to a new machine says that the operator has switched it off, and reserves nothing (rule R25)."""
    world = World()
    row = asked(world)
    assert pause(world.services).paused
    for way in (world.order, lambda: signed_up(world, "bert@example.com"), lambda: said_yes(world, row.id)):
        with pytest.raises(Paused, match="switched new machines off"):
            way()
    assert (world.live, world.spend) == (0, 0)


def test_a_confirmation_waits_and_is_taken_afterwards() -> None:
    """The link stays good: the same yes starts the machine once the pause is over."""
    world = World()
    row = asked(world)
    pause(world.services)
    with pytest.raises(Paused):
        said_yes(world, row.id)
    resume(world.services)
    assert said_yes(world, row.id).instance.status is Status.REQUESTED


def test_rule_25_what_is_ordered_waits_and_buys_nothing() -> None:
    """An order from the moment before begins neither a builder nor a server until the pause is over."""
    world = World()
    ordered = world.order().instance
    pause(world.services)
    world.follow_nudges()
    world.wait(timedelta(minutes=5))
    assert (world.row(ordered.id).status, world.installer.started, world.requests()) == (Status.REQUESTED, [], [])
    resume(world.services)
    world.wait(timedelta(minutes=2))
    assert world.row(ordered.id).status is Status.INSTALLING


def test_machines_that_run_are_not_concerned() -> None:
    """They are extended, and end, as ever."""
    world = World()
    row = world.running()
    pause(world.services)
    extend(world.services, row.id, hours=1, key="k")
    assert world.settle(row.id, Status.DELETED).end_reason is not None


def test_a_pause_is_noted_once() -> None:
    """With who did it; a repeat changes nothing and is not noted."""
    world = World()
    services = replace(world.services, actor=WHO)
    pause(services)
    version = world.stack.version
    assert pause(services).paused
    assert world.stack.version == version
    assert [(entry.did, entry.actor) for entry in services.audit.of_day(TEN.date(), 10)] == [(Deed.PAUSED, WHO)]

"""What lasts is told when it begins and then once an hour, whoever meets it and however often."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from chalicelib.domain.errors import StoreUnavailable
from chalicelib.operations.seldom import AGAIN_AFTER, SeldomAlarms, raise_seldom, told_key
from chalicelib.operations.services import Services
from tests.unit.domain.samples import MINUTE
from tests.unit.operations.between import Between
from tests.unit.operations.world import World

EVENT = "builder.refused"


def tell(world: World, about: str = "one", instances: Any = None) -> None:
    """Raise the alarm about a thing."""
    raise_seldom(
        instances or world.services.instances, world.alarms, world.clock.now(), EVENT, about=about, instance_id=about
    )


def test_what_goes_on_is_told_at_its_beginning_and_each_hour() -> None:
    """Three hours of a thing that is met every minute are three alarms, an hour apart."""
    world = World()
    moments = []
    for _ in range(180):
        before = len(world.alarms.raised)
        tell(world)
        moments += [world.clock.now()] * (len(world.alarms.raised) - before)
        world.clock.advance(MINUTE)
    assert [after - before for before, after in pairwise(moments)] == [AGAIN_AFTER] * 2
    assert world.alarms.raised == [(EVENT, {"instance_id": "one"})] * 3


def test_two_things_are_told_apart() -> None:
    """Another thing is told at once, and so is another event about the same one."""
    world = World()
    tell(world, "one")
    tell(world, "two")
    raise_seldom(world.services.instances, world.alarms, world.clock.now(), "rebuild.refused", about="one")
    assert world.alarms.events() == [EVENT, EVENT, "rebuild.refused"]


def test_of_two_workers_who_meet_it_at_once_one_tells() -> None:
    """A second worker tells between the first one's look and its word: there is one alarm."""
    world = World()
    racing: Any = Between(world.services.instances, "add", lambda: tell(world))
    tell(world, instances=racing)
    assert world.alarms.events() == [EVENT]


@pytest.mark.parametrize("method", ["counters", "add"])
def test_a_table_that_is_silent_holds_no_alarm_back(method: str) -> None:
    """Told too often rather than never."""
    world = World()
    silent: Any = Between(world.services.instances, method, _down)
    tell(world, instances=silent)
    assert world.alarms.events() == [EVENT]


def _down() -> None:
    raise StoreUnavailable("down")


def test_what_many_rows_meet_is_one_thing() -> None:
    """Refusals that differ in instance and attempt alone are one alarm; another reason for them is another."""
    world = World()
    alarms = seldom(world.services)
    for number in range(5):
        alarms.raise_alarm(EVENT, place="p", code="AccessDenied", instance_id=f"{number}", attempt=number)
        world.clock.advance(MINUTE)
    alarms.raise_alarm(EVENT, place="p", code="ClusterNotFound", instance_id="0", attempt=0)
    assert [fields["code"] for _, fields in world.alarms.raised] == ["AccessDenied", "ClusterNotFound"]
    assert world.alarms.raised[0][1]["instance_id"] == "0"


def seldom(services: Services) -> SeldomAlarms:
    """The port in front of the world's own alarms."""
    return SeldomAlarms(services.alarms, services.instances, services.clock)


def test_no_address_or_place_is_in_the_key() -> None:
    """What it is about may be anything; the table gets a digest of it."""
    assert "somebody" not in told_key(EVENT, "somebody@example.com")
    assert len(told_key(EVENT, "x" * 5000)) < 100

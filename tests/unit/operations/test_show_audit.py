"""Who changed what, of one instance and of one day."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from chalicelib.domain import audit
from chalicelib.domain.audit import ANONYMOUS, SCHEDULE, Actor, Deed, Who
from chalicelib.operations import show_audit
from chalicelib.operations.deprovision import deprovision
from chalicelib.operations.extend import extend
from chalicelib.operations.rotate_token import rotate_token
from tests.unit.domain.samples import HOUR, TEN
from tests.unit.operations.guests import asked, said_yes
from tests.unit.operations.world import World

WHO = audit.operator("c" * 64)
OWNER = Actor(who=Who.OWNER)


def as_one(world: World, actor: Actor) -> World:
    """The same world, in which somebody else acts from now on."""
    world.services = replace(world.services, actor=actor)
    return world


def test_a_whole_life_can_be_read_with_who_did_what() -> None:
    """Every step of a life is one entry, newest first, of whoever took it; leases, mails and looks are none."""
    world = as_one(World(), ANONYMOUS)
    row = asked(world)
    as_one(world, OWNER)
    said_yes(world, row.id)
    as_one(world, SCHEDULE)
    world.follow_nudges()
    world.clock.advance(timedelta(minutes=4))
    as_one(world, Actor(who=Who.BUILDER))
    world.build(row.id)
    as_one(world, SCHEDULE)
    world.follow_nudges()
    as_one(world, OWNER)
    extend(world.services, row.id, hours=2, key="k")
    rotate_token(world.services, row.id)
    as_one(world, WHO)
    deprovision(world.services, row.id)
    as_one(world, SCHEDULE)
    world.follow_nudges()
    entries = show_audit.of_instance(world.services, row.id, limit=50)
    told = [(entry.did, entry.actor.who, entry.about) for entry in reversed(entries)]
    assert told == [
        (Deed.SIGNED_UP, Who.ANONYMOUS, ""),
        (Deed.CONFIRMED, Who.OWNER, ""),
        (Deed.CREATING, Who.SCHEDULE, ""),
        (Deed.INSTALLING, Who.SCHEDULE, ""),
        (Deed.BUILD_CLAIMED, Who.BUILDER, "attempt 1"),
        (Deed.BUILD_PERMITTED, Who.BUILDER, "attempt 1: kexec"),
        (Deed.BUILD_PERMITTED, Who.BUILDER, "attempt 1: disko"),
        (Deed.BUILD_REPORTED, Who.BUILDER, "attempt 1: ready"),
        (Deed.RUNNING, Who.SCHEDULE, ""),
        (Deed.EXTENDED, Who.OWNER, "2 h"),
        (Deed.TOKEN_ROTATED, Who.OWNER, ""),
        (Deed.ENDED, Who.OPERATOR, "released"),
        (Deed.DELETED, Who.SCHEDULE, "released"),
    ]


def test_a_day_shows_all_of_it_and_no_other() -> None:
    """Without a day it is today's; the limit keeps the newest."""
    world = World()
    first = world.order().instance
    world.clock.advance(24 * HOUR)
    second = world.order().instance
    assert {entry.instance_id for entry in show_audit.of_day(world.services, TEN.date(), limit=9)} == {first.id}
    today = show_audit.of_day(world.services, None, limit=9)
    assert [(entry.did, entry.instance_id) for entry in today] == [(Deed.ORDERED, second.id)]
    assert show_audit.of_day(world.services, None, limit=0) == []


def test_of_what_never_was_there_is_nothing() -> None:
    """An unknown id has no entries."""
    assert show_audit.of_instance(World().services, "f" * 12, limit=9) == []

"""Everything at one glance: what is late is named, what is in time is not, and the provider is not asked."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from chalicelib.domain import budget
from chalicelib.domain.build import Cause
from chalicelib.domain.errors import AddressRefused, ProviderUnknown
from chalicelib.domain.instance import Status
from chalicelib.operations.breaker import note_failure
from chalicelib.operations.deprovision import deprovision
from chalicelib.operations.oversee import GRACE, MOST, PAGE, oversee
from chalicelib.wiring import spend_provider_request
from tests.unit.domain.samples import HOUR, MINUTE, TEN, an_instance
from tests.unit.operations.guests import confirmed
from tests.unit.operations.world import World


def test_an_idle_service_has_nothing_to_tell() -> None:
    """No machines, no money, nothing late."""
    seen = oversee(World().services)
    assert (seen.live, seen.reserved, seen.so_far, seen.projected) == (0, 0, 0, 0)
    assert (seen.late, seen.undelivered, seen.more, seen.breaker_open_until) == ((), (), False, None)
    assert (seen.month, seen.now, seen.stack.paused) == ("202611", TEN, False)


def test_what_it_costs_is_summed_over_the_living() -> None:
    """So far by the started hours, projected to the ends as they stand; what is over counts in the month alone."""
    world = World()
    first, second = world.running(), world.running(hours=3)
    gone = world.running()
    deprovision(world.services, gone.id)
    world.follow_nudges()
    seen = oversee(world.services)
    assert first.choice is not None
    assert second.choice is not None
    hour = budget.micro(Decimal(first.choice.hourly))
    assert seen.live == 2
    assert seen.so_far == 2 * hour
    assert seen.projected > seen.so_far
    assert seen.reserved == world.spend >= seen.projected
    assert seen.creates == 3


def test_the_hours_requests_to_the_provider_are_told_as_they_are_counted() -> None:
    """What every function has spent of the last hour, and when none of that counts any more."""
    world = World()
    world.clock.advance(17 * MINUTE)
    for _ in range(3):
        spend_provider_request(world.services.instances, world.clock, creates_server=True)
    seen = oversee(world.services)
    over = TEN + 15 * MINUTE + 70 * MINUTE
    assert (seen.provider_requests, seen.provider_requests_reset_at) == (3, over)
    world.clock.advance(over - world.clock.now() - timedelta(seconds=1))
    assert oversee(world.services).provider_requests == 3
    world.clock.advance(timedelta(seconds=1))
    after = oversee(world.services)
    assert (after.provider_requests, after.provider_requests_reset_at) == (0, over)


def test_what_is_in_time_is_not_late() -> None:
    """A machine at work, one in its build and one that waits are no trouble."""
    world = World()
    world.running(hours=5)
    world.installing()
    world.order()
    assert oversee(world.services).late == ()


def test_late_are_those_past_their_time_and_those_nobody_looks_at() -> None:
    """Each with why and since when, the oldest first."""
    world = World()
    now = TEN + 10 * HOUR
    world.clock.advance(10 * HOUR)
    world.put(an_instance(Status.INSTALLING, id="a" * 12, due_at=now))
    world.put(an_instance(Status.RUNNING, id="b" * 12, expires_at=now - GRACE - MINUTE, due_at=now))
    world.put(an_instance(Status.RUNNING, id="c" * 12, expires_at=now + HOUR, due_at=now - 2 * GRACE))
    world.put(an_instance(Status.RUNNING, id="d" * 12, expires_at=now - MINUTE, due_at=now - MINUTE))
    told = [(late.instance_id[0], late.why, late.since) for late in oversee(world.services).late]
    assert told == [
        ("a", "its time for this is over", TEN + HOUR),
        ("c", "nobody has looked at it", now - 2 * GRACE),
        ("b", "its end is over", now - GRACE - MINUTE),
    ]


def test_m10_a_mail_that_did_not_arrive_is_named() -> None:
    """A machine whose guest cannot be written to is shown with the mail that was refused (row M10)."""
    world = World()
    row = confirmed(world)
    world.follow_nudges()
    world.clock.advance(4 * MINUTE)
    world.mailer.fail_next(AddressRefused("no such mailbox"))
    world.build(row.id)
    world.follow_nudges()
    (mail,) = oversee(world.services).undelivered
    assert (mail.instance_id, mail.kind, mail.state) == (row.id, "ready", "undeliverable")


def test_switches_and_the_breaker_are_shown_as_they_are() -> None:
    """Paused, frozen, and until when the breaker is open and why."""
    world = World()
    for name in ("one", "two", "three"):
        note_failure(world.services, name, Cause.DISK, TEN)
    world.services.stack.write(replace(world.stack, paused=True, frozen="restored"), world.stack)
    seen = oversee(world.services)
    assert (seen.stack.paused, seen.stack.frozen) == (True, "restored")
    assert (seen.breaker.cause, seen.breaker_open_until) == (Cause.DISK, TEN + timedelta(minutes=60))


def test_the_provider_is_not_asked() -> None:
    """While it is down an operator still sees everything."""
    world = World()
    world.running()
    world.servers.calls.clear()
    world.servers.fail_next(ProviderUnknown("down"))
    oversee(world.services)
    assert world.servers.calls == []


def test_of_very_many_it_is_said_that_there_are_more() -> None:
    """It looks at so many pages and no further."""
    world = World()
    for number in range(MOST + PAGE + 1):
        world.put(an_instance(Status.RUNNING, id=f"{number:012x}", expires_at=TEN - HOUR, due_at=TEN))
    seen = oversee(world.services)
    assert (seen.more, len(seen.late)) == (True, MOST)

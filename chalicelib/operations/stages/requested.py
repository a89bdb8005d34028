"""An ordered instance: choose what to buy, and hear its builder ask before anything is bought.

A builder slot is the scarce thing: while none is to be had, or the job stands in the platform's queue, the row stays
here and costs nothing. That a platform calls a job running is no reason to buy either: it may end for want of a part
before it does anything. Only its own question for the order is (`claim_build.py` writes it into the row).

Nobody can claim an order before there is a machine, so an attempt that ends here is no try of the guest's: the next one
gets the next number (a platform gives the same job again for the same number), and whatever is left of the older one is
refused by that number (rule R18).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.domain import budget, catalogue, lease, lifecycle, tokens
from chalicelib.domain.build import Cause
from chalicelib.domain.errors import BuilderFull, BuilderUnknown, Paused
from chalicelib.domain.instance import Build, Choice, Instance, Status
from chalicelib.operations import breaker, clocks, secrets_of
from chalicelib.operations.give_up import give_up
from chalicelib.operations.ports import BuildStart, BuildState
from chalicelib.operations.services import Services
from chalicelib.operations.stages import ended_attempt
from chalicelib.operations.step import Step, wait

TRY_AGAIN = timedelta(seconds=10)
PAUSE_LOOK = timedelta(seconds=60)


def step(services: Services, row: Instance, now: datetime) -> Step:
    """Start a builder, and go on to `creating` once it has asked for its order and its platform knows of no end.

    At the deadline a job that is still there is stopped by `deleting`; should it run on all the same, its claim is
    answered with the end, and no other attempt follows that it could meet.
    """
    late, held_back = lifecycle.deadline(row), _held_back(services, now)
    if late is not None and clocks.over(services, late, now, unheard=True):
        return give_up(services, row, Cause.PAUSED if held_back else _why_late(row), now)
    if held_back:
        return _pausing(services, row, now)
    choice = choose(services, row, now)
    if choice is None:
        return give_up(services, row, Cause.STOCK, now)
    if row.build is None:
        return _start_first(services, row, choice, now)
    if row.build.stopped:
        return _start_next(services, row, choice, row.build, now)
    return _watch(services, row, choice, row.build, now)


def _why_late(row: Instance) -> Cause:
    """Builders that ran and never asked are another defect than builders that were not to be had."""
    silent = row.build is not None and row.build.running_at is not None and row.build.asked_at is None
    return Cause.NEVER_CLAIMED if silent else Cause.NO_BUILDER


def _held_back(services: Services, now: datetime) -> bool:
    """Paused by a person, or by builds that fail in a row: what was ordered before they did would only fail too."""
    stack = services.stack.get()
    if stack is None or stack.paused:
        return True
    try:
        breaker.require_closed(services, now)
    except Paused:
        return True
    return False


def _pausing(services: Services, row: Instance, now: datetime) -> Step:
    """A builder that waits for a purchase that must not be made is sent home, so that it costs nothing either."""
    if row.build is None or row.build.stopped:
        return wait(now + PAUSE_LOOK)
    return ended_attempt.end(services, row, row.build) or wait(now + TRY_AGAIN)


def _start_first(services: Services, row: Instance, choice: Choice, now: datetime) -> Step:
    try:
        build = start_build(services, row, attempt=1, unrun=0, now=now)
    except (BuilderFull, BuilderUnknown):
        return wait(now + TRY_AGAIN)
    return _watch(services, row, choice, build, now)


def _start_next(services: Services, row: Instance, choice: Choice, build: Build, now: datetime) -> Step:
    """Another job, for one that ended before anything was bought; not at once, should each end at its start."""
    if now < (not_before := ended_attempt.next_not_before(build)):
        return _waits(build, not_before)
    try:
        following = start_build(services, row, attempt=build.attempt + 1, unrun=build.unrun + 1, now=now)
    except BuilderFull:
        return _waits(build, now + TRY_AGAIN)
    except BuilderUnknown:  # it may have begun: from now on the older one is not looked at any more
        return _waits(replace(build, stopped=True), now + TRY_AGAIN)
    ended_attempt.tell_if_often(services, row, build)
    return _watch(services, row, choice, following, now)


def _watch(services: Services, row: Instance, choice: Choice, build: Build, now: datetime) -> Step:
    """What the platform says of the job; whatever it is, the row keeps that the job was started."""
    try:
        state = services.installer.state(row.id, build.attempt, build.reference)
    except BuilderUnknown:
        return _waits(build, now + TRY_AGAIN)
    if state in ended_attempt.ENDED:
        return _start_next(services, row, choice, build, now)
    if state is BuildState.RUNNING or build.asked_at is not None:
        build = replace(build, running_at=build.running_at or now)
    if build.asked_at is None:
        return _unasked(services, row, build, now)
    host_key = secrets_of.key_pair(services, row, tokens.KeyUse.FINAL_HOST).public
    return Step(change=lambda it: _creating(it, choice, build, host_key, now), again=True)


def _unasked(services: Services, row: Instance, build: Build, now: datetime) -> Step:
    """A job that is called running and says nothing is given the time to claim, and then ended for the next one."""
    again = now + TRY_AGAIN
    if build.running_at is None:
        return _waits(build, again)
    ask_by = build.running_at + services.limits.claim_within
    if now < ask_by:
        return _waits(build, min(again, ask_by))
    return ended_attempt.end(services, row, build) or _waits(build, again)


def _waits(build: Build, until: datetime) -> Step:
    return Step(change=lambda it: replace(it, build=build.heard(it.build), retry_at=until))


def _creating(row: Instance, choice: Choice, build: Build, host_key: str, now: datetime) -> Instance:
    return replace(lifecycle.move(row, Status.CREATING, now), choice=choice, build=build, host_key=host_key)


def choose(services: Services, row: Instance, now: datetime) -> Choice | None:
    """The first of the ordered list that nobody has refused and that the money set aside pays for, or None.

    Stock and prices may have changed since the order: what has become dearer is not bought on an old reservation.
    """
    market = services.catalogue.market()
    if market is None:
        return None
    refused = services.catalogue.refused(now) | set(row.refused)
    hours = lease.most_paid_hours(row.wish.hours, services.limits.rounding)
    money = budget.held(row.holds)
    choices = catalogue.candidates(market, services.limits, row.wish, refused)
    return next((choice for choice in choices if budget.micro(choice.hourly * hours) <= money), None)


def start_build(services: Services, row: Instance, *, attempt: int, unrun: int, now: datetime) -> Build:
    """Start the job of one attempt; the same attempt started twice is one job. BuilderFull, BuilderUnknown.

    `unrun` is how many attempts before it ended without ever running.
    """
    start = BuildStart(
        instance_id=row.id,
        attempt=attempt,
        api_url=services.public_url,
        claim_code=secrets_of.token(services, row, tokens.Purpose.CLAIM, attempt),
    )
    return Build(attempt=attempt, started_at=now, reference=services.installer.start(start), unrun=unrun)

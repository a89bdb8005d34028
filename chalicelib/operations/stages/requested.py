"""An instance that was ordered: choose what to buy, and start the builder before anything is bought.

A builder slot is the scarce thing: while none is to be had the row stays here and costs nothing.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.domain import budget, catalogue, lease, lifecycle, tokens
from chalicelib.domain.build import Cause
from chalicelib.domain.errors import BuilderFull, BuilderUnknown
from chalicelib.domain.instance import Build, Choice, Instance, Status
from chalicelib.operations import secrets_of
from chalicelib.operations.give_up import give_up
from chalicelib.operations.ports import BuildStart
from chalicelib.operations.services import Services
from chalicelib.operations.step import Step, wait

TRY_AGAIN = timedelta(seconds=10)
PAUSE_LOOK = timedelta(seconds=60)


def step(services: Services, row: Instance, now: datetime) -> Step:
    """Start the first attempt's builder; `creating` is entered by the write that records it."""
    late = lifecycle.deadline(row)
    if late is not None and now >= late:
        return give_up(services, row, Cause.NO_BUILDER, now)
    stack = services.stack.get()
    if stack is None or stack.paused:
        return wait(now + PAUSE_LOOK)
    choice = choose(services, row, now)
    if choice is None:
        return give_up(services, row, Cause.STOCK, now)
    try:
        build = start_build(services, row, attempt=1, now=now)
    except (BuilderFull, BuilderUnknown):
        return wait(now + TRY_AGAIN)
    host_key = secrets_of.key_pair(services, row, tokens.KeyUse.FINAL_HOST).public
    return Step(change=lambda it: _creating(it, choice, build, host_key, now), again=True)


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


def start_build(services: Services, row: Instance, *, attempt: int, now: datetime) -> Build:
    """Start the job of one attempt; the same attempt started twice is one job."""
    start = BuildStart(
        instance_id=row.id,
        attempt=attempt,
        api_url=services.public_url,
        claim_code=secrets_of.token(services, row, tokens.Purpose.CLAIM, attempt),
    )
    return Build(attempt=attempt, started_at=now, reference=services.installer.start(start))

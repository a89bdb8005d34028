"""Six hours without the provider, and five hundred machines that were due in them (row Z5, invariants 7, 18, 19)."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from chalicelib.domain.errors import CccError
from chalicelib.domain.instance import Status
from chalicelib.operations.tick import WorkFailed, tick
from tests.simulation.emulated import EmulatedWorld, Provider, Sent, provider_in
from tests.simulation.fleet import machine
from tests.unit.domain.samples import HOUR, MINUTE
from tests.unit.operations.guests import said_yes, signed_up

FUNCTION = timedelta(seconds=48)
"""How long a tick begins new work: four fifths of its minute, as `app.py` has it."""

A_REQUEST = 0.06
"""Seconds that one answer of the provider takes here, in virtual time."""

WORKERS = 10
"""Workers that nudges reach at once; together their answers take a tenth of the time."""

BUDGET = 3000


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[Provider]:
    """A provider on a clock that stands still between requests."""
    with provider_in(tmp_path) as running:
        yield running


def a_tick(stack: EmulatedWorld) -> None:
    """One tick that has a function's time and no more."""
    until = stack.clock.now() + FUNCTION
    with contextlib.suppress(WorkFailed):
        tick(stack.services, left=lambda: max((until - stack.clock.now()).total_seconds(), 0.0))
    alone, stack.provider.seconds = stack.provider.seconds, stack.provider.seconds / WORKERS
    stack.follow_nudges()
    stack.provider.seconds = alone


def ticks_until(stack: EmulatedWorld, moment: datetime, every: timedelta) -> None:
    """A tick at each step of the way; one that took longer than a step delays the next."""
    due = stack.clock.now()
    while (due := due + every) <= moment:
        stack.clock.advance(max(due - stack.clock.now(), timedelta(0)))
        a_tick(stack)


def most_in_an_hour(sent: list[Sent]) -> int:
    """The most requests in any sixty minutes, wherever they begin."""
    moments = [each.at for each in sent]
    most = first = 0
    for last, moment in enumerate(moments):
        while moment - moments[first] >= HOUR:
            first += 1
        most = max(most, last - first + 1)
    return most


def test_z05_five_hundred_ends_in_an_outage_are_gone_three_minutes_after_it_oldest_first(provider: Provider) -> None:
    """Due over five hours, the provider down for six: then all are deleted, in the order of their ends, in budget."""
    stack = EmulatedWorld(provider, max_live=600, max_monthly_eur=Decimal(10_000), max_creates_per_hour=600)
    start = stack.clock.now()
    ends = [start + HOUR + timedelta(seconds=30 * number) for number in range(500)]
    random.Random(7).shuffle(ends)
    rows = [machine(stack, number, end) for number, end in enumerate(ends)]
    survivor = machine(stack, 500, start + 20 * HOUR)
    stack.clock.advance(HOUR - MINUTE)
    provider.sent.clear()
    provider.down = True
    ticks_until(stack, start + 6 * HOUR, 2 * HOUR)
    stack.clock.advance(start + 6 * HOUR + 56 * MINUTE - stack.clock.now())
    ticks_until(stack, start + 6 * HOUR + 58 * MINUTE, MINUTE)
    assert len(stack.mine()) == 501
    provider.down, provider.seconds = False, A_REQUEST
    back = stack.clock.now() + timedelta(seconds=1)
    tried_in_vain = len(provider.sent)
    while len(stack.mine()) > 1:
        assert stack.clock.now() < back + 3 * MINUTE
        ticks_until(stack, stack.clock.now() + MINUTE, MINUTE)
    gone = {server.name: server.deleted_at for server in provider.servers(alive=False)}
    assert max(moment for moment in gone.values() if moment) <= (back + 3 * MINUTE).timestamp()
    deleted = [sent.path.rpartition("/")[2] for sent in provider.sent[tried_in_vain:] if sent.method == "DELETE"]
    in_order = sorted(rows, key=lambda row: (row.expires_at, row.id))
    assert deleted == [str(row.machine.server_id) for row in in_order if row.machine]
    assert [server.name for server in stack.mine()] == [survivor.name]
    assert most_in_an_hour(provider.sent) <= BUDGET
    assert stack.live == 1


def test_z05_every_minute_of_an_outage_costs_a_handful_of_requests(provider: Provider) -> None:
    """However many are due, a minute without an answer asks a few times: the hour's budget is whole when it is over."""
    stack = EmulatedWorld(provider, max_live=100, max_creates_per_hour=100)
    for number in range(40):
        machine(stack, number, stack.clock.now() + HOUR)
    stack.clock.advance(HOUR)
    provider.sent.clear()
    provider.down = True
    for minute in range(1, 61):
        a_tick(stack)
        stack.clock.advance(MINUTE)
        # the marker, the list of types and a sweep: each read is tried twice
        assert len(provider.sent) <= 10 * minute
    assert most_in_an_hour(provider.sent) <= BUDGET // 10
    assert {stack.row(f"{number:012x}").status for number in range(40)} == {Status.DELETING}


def test_z05_orders_in_an_outage_are_answered_and_end_with_a_reason(provider: Provider) -> None:
    """Whoever signs up meanwhile is answered; what cannot be made fails with a sentence, or is refused with one."""
    stack = EmulatedWorld(provider, max_live=100)
    provider.down = True
    taken, refused = [], []
    for number in range(12):
        try:
            if number % 2:
                taken.append(stack.order(key=f"k{number}").instance.id)
            else:
                wish = signed_up(stack, f"guest{number}@example.com", source=f"192.0.2.{number}")
                for _ in range(3):
                    a_tick(stack)
                taken.append(said_yes(stack, wish.id).instance.id)
        except CccError as error:
            refused.append(error.message)
        for _ in range(6):
            stack.clock.advance(3 * MINUTE)
            a_tick(stack)
    assert taken
    assert all(message.endswith((".", "?")) and len(message) > 20 for message in refused)
    provider.down = False
    for _ in range(20):
        stack.clock.advance(MINUTE)
        a_tick(stack)
    rows = [stack.row(instance_id) for instance_id in taken]
    assert {row.status for row in rows} <= {Status.FAILED, Status.INSTALLING, Status.CREATING, Status.REQUESTED}
    assert all(row.failure is not None and row.failure.message for row in rows if row.status is Status.FAILED)
    assert Status.FAILED in {row.status for row in rows}
    assert len(stack.mine()) == len([row for row in rows if row.status is Status.INSTALLING])

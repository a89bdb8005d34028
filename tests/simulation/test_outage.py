"""Six hours without the provider, and five hundred machines that were due in them (row Z5, invariants 7, 18, 19).

The real handlers on a virtual clock: a tick each minute, signups over HTTP all the while, and what reaches the provider
is counted there.
"""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from chalicelib.domain import notice
from chalicelib.domain.errors import BuilderFull
from chalicelib.domain.instance import Instance, Status
from chalicelib.operations.advance import advance
from chalicelib.operations.save import save
from chalicelib.operations.tick import WorkFailed, tick
from tests.simulation.deployed import Deployed, deployed, with_an_operator
from tests.simulation.emulated import EmulatedWorld, Provider, Sent, provider_in
from tests.simulation.fleet import machine
from tests.unit.api.world import OPERATOR, Answer, public_key
from tests.unit.domain.samples import HOUR, MINUTE
from tests.unit.operations.guests import confirm_token

FLEET = 500
A_REQUEST = 0.06
"""Seconds that one answer of the provider takes here, in virtual time."""

WORKERS = 10
"""Workers that nudges reach at once; together their answers take a tenth of the time."""

BUDGET = 3000
GUESTS_EVERY = 10
"""Minutes between two guests: each order whose server may have been made is looked for every minute."""


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[Provider]:
    """A provider on a clock that stands still between requests."""
    with provider_in(tmp_path) as running:
        yield running


@dataclass(slots=True)
class Guests:
    """People who sign up over HTTP, one after the other, and what they were answered."""

    stack: EmulatedWorld
    app: Deployed
    signups: list[Answer] = field(default_factory=list)
    confirms: list[Answer] = field(default_factory=list)
    orders: list[Answer] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)

    def come(self, number: int) -> None:
        """One signs up, whoever has had their mail says yes, and now and then the operator orders one."""
        for instance_id in self.waiting:
            link = confirm_token(self.stack, instance_id)
            self.confirms.append(self.app.call("POST", f"/instances/{instance_id}/confirm", token=link))
        self.waiting.clear()
        wish = {"email": f"guest{number}@example.com", "ssh_public_key": public_key(), "hours": 1}
        self.signups.append(self.app.call("POST", "/instances", wish, source=f"192.0.2.{number % 250}"))
        if self.signups[-1].status == 202:
            self.waiting.append(self.signups[-1].json["id"])
        if number % 2 == 0:
            self.orders.append(self.app.call("POST", "/instances", wish, token=OPERATOR))

    def taken(self) -> list[Instance]:
        """The rows of all who were told that their machine is on its way."""
        orders = [answer.json["id"] for answer in (*self.confirms, *self.orders) if answer.status < 300]
        return [self.stack.row(instance_id) for instance_id in orders]


def is_clear(answer: Answer) -> bool:
    """Whether an answer says yes, or no with a code and a sentence that a person understands; never a crash."""
    if answer.status in {200, 202}:
        return True
    told = answer.json
    return answer.status in {409, 429, 503} and bool(told["code"]) and len(told["detail"]) > 20


def ends_of(start: datetime) -> list[datetime]:
    """A few over all the hours, and many in the last: each with another second."""
    few = [start + HOUR + timedelta(seconds=600 * number) for number in range(30)]
    many = [start + 6 * HOUR + 15 * MINUTE + timedelta(seconds=5 * number) for number in range(FLEET - 30)]
    ends = few + many
    random.Random(7).shuffle(ends)
    return ends


def minute(stack: EmulatedWorld, app: Deployed, due: datetime) -> None:
    """The tick of a minute; one that took longer than its minute delays the next."""
    stack.clock.advance(max(due - stack.clock.now(), timedelta(0)))
    app.tick()
    alone, stack.provider.seconds = stack.provider.seconds, stack.provider.seconds / WORKERS
    app.follow_nudges()
    stack.provider.seconds = alone


def most_in_an_hour(sent: list[Sent]) -> int:
    """The most requests in any sixty minutes, wherever they begin."""
    moments = [each.at for each in sent]
    most = first = 0
    for last, moment in enumerate(moments):
        while moment - moments[first] >= HOUR:
            first += 1
        most = max(most, last - first + 1)
    return most


def test_z05_six_hours_without_the_provider(provider: Provider, tmp_path: Path) -> None:
    """500 end in them and are gone three minutes after, oldest first, in budget; guests are answered throughout."""
    limits: dict[str, Any] = {"max_live": 700, "max_monthly_eur": Decimal(20_000), "max_creates_per_hour": 700}
    stack = EmulatedWorld(provider, **limits)
    with_an_operator(stack)
    start = stack.clock.now()
    rows = [machine(stack, number, end) for number, end in enumerate(ends_of(start))]
    survivor = machine(stack, FLEET, start + 20 * HOUR)
    stack.clock.advance(HOUR - MINUTE)
    provider.sent.clear()
    with deployed(stack, tmp_path) as app:
        guests = Guests(stack, app)
        provider.down = True
        down = stack.clock.now()
        for passed in range(1, 6 * 60 + 1):
            minute(stack, app, down + passed * MINUTE)
            if passed % GUESTS_EVERY == 0:
                guests.come(passed // GUESTS_EVERY)
        assert len(stack.mine()) == FLEET + 1
        assert most_in_an_hour(provider.sent) <= BUDGET // 2
        assert max(row.expires_at for row in rows if row.expires_at) < stack.clock.now()
        provider.down, provider.seconds = False, A_REQUEST
        back, in_vain = stack.clock.now(), len(provider.sent)
        for passed in range(1, 31):
            minute(stack, app, back + passed * MINUTE)
    check_ends(provider, rows, in_vain, back)
    assert survivor.name in {server.name for server in stack.mine()}
    assert most_in_an_hour(provider.sent) <= BUDGET
    check_guests(guests)


def check_ends(provider: Provider, rows: list[Instance], in_vain: int, back: datetime) -> None:
    """All are gone three minutes after the provider is back, in the order of their ends."""
    gone = {server.id: server.deleted_at for server in provider.servers(alive=False)}
    ids = [row.machine.server_id for row in sorted(rows, key=lambda row: (row.expires_at, row.id)) if row.machine]
    assert all(gone[server_id] for server_id in ids)
    assert max(gone[server_id] or 0.0 for server_id in ids) <= (back + 3 * MINUTE).timestamp()
    tried = [sent.path.rpartition("/")[2] for sent in provider.sent[in_vain:] if sent.method == "DELETE"]
    assert tried[:FLEET] == [str(server_id) for server_id in ids]


def check_guests(guests: Guests) -> None:
    """Each was answered clearly; nobody waits for ever, and what could not be made says why."""
    assert len(guests.signups) == 6 * 60 // GUESTS_EVERY
    for answer in (*guests.signups, *guests.confirms, *guests.orders):
        assert is_clear(answer), answer.text
    assert 202 in {answer.status for answer in guests.signups}
    taken = guests.taken()
    assert taken
    ended = [row for row in taken if row.status is Status.FAILED]
    assert ended
    assert all(row.failure is not None and len(row.failure.message) > 20 for row in ended)
    assert {row.status for row in taken} <= {Status.FAILED, Status.INSTALLING, Status.CREATING, Status.REQUESTED}
    living = {server.name for server in guests.stack.mine()}
    assert not [row.name for row in ended if row.name in living]


TICK_SECONDS = 44
"""What a tick may begin things in; the function that carries it is killed after 55."""
KILLED_AFTER = 55


@pytest.mark.parametrize("due", [0, 1, 20])
def test_z05_an_hour_of_a_provider_that_hangs(provider: Provider, due: int) -> None:
    """Every request waits half a minute for nothing: letters leave, deadlines count, no tick outlives its function."""
    stack = EmulatedWorld(provider, max_live=100, max_creates_per_hour=100)
    start = stack.clock.now()
    rows = [machine(stack, number, start + 10 * MINUTE) for number in range(due)]
    end, first = start + 75 * MINUTE, start + 15 * MINUTE
    warned = machine(stack, due, end)
    warned = save(stack.services, replace(warned, notices=notice.endings(end, start), due_at=first), before=warned)
    stack.installer.fail_next(BuilderFull("busy"))
    order = stack.order().instance
    advance(stack.services, order.id)
    stack.nudge.take()
    stack.clock.advance(9 * MINUTE)
    provider.sent.clear()
    provider.hangs, hung = True, stack.clock.now()
    longest = max(hanging_minute(stack, hung + passed * MINUTE) for passed in range(1, 66))
    assert longest < KILLED_AFTER
    assert [key for key in stack.mails() if key.startswith("ending-60")]
    assert stack.row(order.id).status is Status.FAILED
    assert stack.row(warned.id).status is Status.RUNNING
    assert len(stack.mine()) == due + 1
    assert most_in_an_hour(provider.sent) <= BUDGET // 10
    provider.hangs, back = False, stack.clock.now()
    for passed in range(1, 4):
        hanging_minute(stack, back + passed * MINUTE)
    assert {stack.row(row.id).status for row in rows} <= {Status.DELETED}


def hanging_minute(stack: EmulatedWorld, due: datetime) -> float:
    """The tick of a minute with the time that it really has; the seconds it took."""
    stack.clock.advance(max(due - stack.clock.now(), timedelta(0)))
    begun = stack.clock.now()

    def took() -> float:
        return (stack.clock.now() - begun).total_seconds()

    with contextlib.suppress(WorkFailed):
        tick(stack.services, left=lambda: TICK_SECONDS - took())
    seconds = took()
    stack.nudge.take()
    return seconds

"""A week of virtual time in which everything goes wrong at random: the ledger is the provider's own bill, to the cent.

Lives are ordered, extended, ended early, failed and killed; answers are lost, requests refused, the provider is away
for minutes, workers die at any call. The ledger keeps gross prices and the bill net ones, so hours are compared server
by server, and money at the net price of the same hours. `MONEY_WEEKS` runs more weeks than the one of every test.
"""

from __future__ import annotations

import contextlib
import os
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from chalicelib.domain import lease
from chalicelib.domain.build import BuildReport, Cause, Outcome, Phase
from chalicelib.domain.catalogue import Market
from chalicelib.domain.errors import CccError
from chalicelib.domain.instance import EndReason, Instance, Status
from chalicelib.operations.deprovision import deprovision
from chalicelib.operations.extend import extend
from chalicelib.operations.ports import BuildState
from chalicelib.operations.tick import WorkFailed
from hetzner_emulator.records import Server
from tests.simulation.crashing import Fate, Killed
from tests.simulation.emulated import EmulatedWorld, Provider, provider_in
from tests.unit.domain.samples import MINUTE

WEEK = timedelta(days=7)
SEEDS = int(os.environ.get("MONEY_WEEKS", "1"))  # noqa: TID251 -- a switch of the tests, not a setting of the product
TURN = 5 * MINUTE
"""Time goes on by a tick's minute while something is due, and by this much while nothing is."""

FAULTS = (
    {"do": "reset_after_commit", "method": "POST", "path": "^/servers$"},
    {"do": "timeout_after_commit", "method": "DELETE"},
    {"do": "reset_before_commit"},
    {"do": "reset_before_commit", "method": "DELETE"},
    {"do": "locked", "method": "DELETE"},
    {"do": "error", "status": 500, "code": "server_error", "method": "DELETE"},
    {"do": "error", "status": 503, "code": "unavailable"},
    {"do": "html_502"},
    {"do": "rate_limited", "seconds": 5},
    {"do": "truncated"},
    {"do": "delete_lost", "method": "DELETE"},
    {"do": "resource_unavailable", "method": "POST", "path": "^/servers$"},
    {"do": "list_lag", "method": "GET", "path": "^/servers$", "seconds": 600},
)


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[Provider]:
    """A provider on a clock that the week moves."""
    with provider_in(tmp_path) as running:
        yield running


class Week:
    """One stack and the people, builders and accidents of a week."""

    def __init__(self, provider: Provider, seed: int) -> None:
        self.random = random.Random(seed)
        self.provider = provider
        self.stack = EmulatedWorld(provider, max_live=30, max_monthly_eur=Decimal(10_000), max_creates_per_hour=600)
        self._market = _short(self.stack.services.servers.market(self.stack.clock.now()))
        self.back_at: datetime | None = None
        self.kills = 0

    def live(self, until: datetime) -> None:
        """Let the week go by."""
        while self.stack.clock.now() < until:
            self._accident()
            self._mortal(self._people)
            self._builders()
            self._mortal(self.stack.follow_nudges)
            self.stack.clock.advance(MINUTE if self._busy() else TURN)
            self._mortal(self._tick)

    def heal(self) -> None:
        """No more accidents: every open row comes to its end."""
        self.provider.orders.clear()
        self.provider.down = False
        for row in self.rows(ended=False):
            deprovision(self.stack.services, row.id)
        for _ in range(90):
            self.stack.clock.advance(MINUTE)
            self._tick()

    def rows(self, *, ended: bool = True) -> list[Instance]:
        """Every instance of the week, also those whose order was killed before it was answered, or those that live."""
        return list(self.stack.services.instances.page(ended=ended, limit=1000, cursor=None).instances)

    def _busy(self) -> bool:
        now = self.stack.clock.now()
        return any(
            row.status is not Status.RUNNING or (row.expires_at is not None and row.expires_at - now < 2 * TURN)
            for row in self.rows(ended=False)
        )

    def _accident(self) -> None:
        """A fault at the provider, or minutes without it: never longer than the slack before a paid hour."""
        now = self.stack.clock.now()
        if self.back_at is not None and now >= self.back_at:
            self.provider.down, self.back_at = False, None
        if self.random.random() < 0.25 and not self.provider.orders.all():
            self.provider.fault(**self.random.choice(FAULTS))
        if self.back_at is None and self.random.random() < 0.01:
            self.provider.down, self.back_at = True, now + MINUTE

    def _people(self) -> None:
        chance = self.random.random()
        running = [row for row in self.rows(ended=False) if row.status is Status.RUNNING]
        with contextlib.suppress(CccError):
            if chance < 0.03:
                self.stack.order(self.random.randint(1, 12), key=f"{self.random.random()}")
            elif chance < 0.04 and running:
                row = self.random.choice(running)
                extend(self.stack.services, row.id, hours=self.random.randint(1, 5), key=f"{self.random.random()}")
            elif chance < 0.05 and running:
                deprovision(self.stack.services, self.random.choice(running).id)

    def _builders(self) -> None:
        """Each job either does what is left, or fails, or dies without a word."""
        for row in self.rows(ended=False):
            build = row.build
            if row.status is not Status.INSTALLING or build is None:
                continue
            key = (row.id, build.attempt, build.reference)
            if self.stack.installer.state(*key) is BuildState.RUNNING and self.random.random() < 0.4:
                with contextlib.suppress(CccError):
                    self._build(row, build.attempt)

    def _build(self, row: Instance, attempt: int) -> None:
        chance = self.random.random()
        if chance > 0.1:
            self.stack.claim(row.id, attempt)
        if chance > 0.35:
            self.stack.begin(row.id, *Phase, attempt=attempt)
            self.stack.boot(row.id)
            self.stack.report(row.id, BuildReport(outcome=Outcome.READY), attempt)
        elif chance > 0.1:
            self.stack.report(row.id, BuildReport(outcome=Outcome.FAILED, cause=Cause.COPY_FAILED), attempt)
        self.stack.installer.end(row.id, attempt)

    def _tick(self) -> None:
        # the list of prices is not what is looked at here, and reading it every five minutes is half the week's work
        self.stack.services.catalogue.keep(replace(self._market, read_at=self.stack.clock.now()))
        with contextlib.suppress(WorkFailed):
            self.stack.tick()

    def _mortal(self, act: object) -> None:
        """Do it, and now and then die at any call of any port."""
        assert callable(act)
        if self.random.random() >= 0.08:
            act()
            return
        fate = Fate(self.random.randint(1, 40), after=self.random.random() < 0.5)
        plain = self.stack.services
        self.stack.services = fate.wrapped(plain)
        try:
            act()
        except Killed:
            self.kills += 1
            self.stack.nudge.take()
        finally:
            self.stack.services = plain


def _short(market: Market) -> Market:
    """Two types of the list: enough to choose from."""
    return replace(market, types=tuple(kind for kind in market.types if kind.name in {"cpx22", "cpx32"}))


def asked_for(row: Instance, server: Server) -> int:
    """The most hours that somebody asked this server for: to the promised end, or to the moment it was let go."""
    assert row.machine is not None
    let_go = row.delete_sent_at or row.ended_at
    assert let_go is not None
    if row.expires_at is not None and row.end_reason is EndReason.EXPIRED:
        let_go = row.expires_at
    assert server.deleted_at is not None
    return lease.paid_hours(created_at=row.machine.created_at, ended_at=let_go)


@pytest.mark.parametrize("seed", range(1, SEEDS + 1))
def test_the_ledger_of_a_week_of_accidents_is_the_providers_bill(provider: Provider, seed: int) -> None:
    """Server by server the same started hours, in sum the same net euros, and no hour that nobody asked for (L31)."""
    week = Week(provider, seed)
    start = week.stack.clock.now()
    week.live(start + WEEK)
    week.heal()
    bill = {line["name"]: line for line in provider.bill()}
    rows = {row.name: row for row in week.rows()}
    assert [server.name for server in provider.servers()] == []
    assert len(bill) == len(provider.servers(alive=False))
    assert all(row.terminal for row in rows.values())
    assert bill.keys() <= rows.keys()
    ledger = Decimal(0)
    for name, row in rows.items():
        hours = ledger_hours(row)
        line = bill.get(name)
        assert hours == (line["hours"] if line else 0), (name, row.end_reason, row.delete_sent_at)
        ledger += hours * net_hourly(provider, row) if row.choice is not None and line else 0
    billed = sum((Decimal(line["net"]) for line in bill.values()), Decimal(0))
    assert round(ledger, 2) == round(billed, 2)
    servers = {server.name: server for server in provider.servers(alive=False)}
    for name, line in bill.items():
        assert line["hours"] <= asked_for(rows[name], servers[name]), name
    held = sum(hold.micro_eur for row in rows.values() for hold in row.holds)
    assert week.stack.spend == held
    assert week.kills > 20
    assert len(bill) > 40
    assert {row.end_reason for row in rows.values()} >= {EndReason.EXPIRED, EndReason.RELEASED, EndReason.FAILED}


def ledger_hours(row: Instance) -> int:
    """The started hours that the ledger holds for an instance: what is set aside, at its own gross price."""
    micro_eur = sum(hold.micro_eur for hold in row.holds)
    if row.choice is None or not micro_eur:
        return 0
    hours = Decimal(micro_eur) / 1_000_000 / row.choice.hourly
    assert abs(hours - round(hours)) < Decimal("0.01")
    return round(hours)


def net_hourly(provider: Provider, row: Instance) -> Decimal:
    """What the provider bills for a started hour of such a server and its address, without VAT."""
    assert row.choice is not None
    market = provider.emulator.market
    hourly, _ = market.prices(row.choice.server_type, row.choice.location)
    address, _ = market.ipv4_prices()
    return hourly + address

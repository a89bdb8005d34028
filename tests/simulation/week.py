"""Days of virtual time in which everything goes wrong at random: people, builders, accidents, workers that die.

Lives are ordered, extended, ended early, failed and killed; answers are lost, requests refused, the provider is away
for minutes and now and then for hours. What people asked for is noted on their side (`asked.py`).
"""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from chalicelib.domain.build import BuildReport, Cause, Outcome, Phase
from chalicelib.domain.catalogue import Market
from chalicelib.domain.errors import CccError
from chalicelib.domain.instance import EndReason, Instance, Status
from chalicelib.operations.deprovision import deprovision
from chalicelib.operations.extend import extend
from chalicelib.operations.ports import BuildState
from chalicelib.operations.tick import WorkFailed
from tests.simulation.asked import Asked, Outages
from tests.simulation.crashing import Fate, Killed
from tests.simulation.emulated import EmulatedWorld, Provider
from tests.unit.domain.samples import MINUTE

TURN = 10 * MINUTE
"""Time goes on by a tick's minute while something is due, and by this much while nothing is."""

ENDING = frozenset({Status.DELETING, Status.DELETED, Status.FAILED})

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


class Week:
    """One stack, and the people, builders and accidents of its days."""

    def __init__(self, provider: Provider, seed: int) -> None:
        self.random = random.Random(seed)
        self.provider = provider
        self.stack = EmulatedWorld(provider, max_live=30, max_monthly_eur=Decimal(10_000), max_creates_per_hour=600)
        self._market = _short(self.stack.services.servers.market(self.stack.clock.now()))
        self.asked: dict[str, Asked] = {}
        self.outages = Outages()
        self.back_at: datetime | None = None
        self.kills = 0

    def live(self, span: timedelta) -> None:
        """Let time go by."""
        until = self.stack.clock.now() + span
        while self.stack.clock.now() < until:
            self._accident()
            self._people()
            self._builders()
            self._mortal(self.stack.follow_nudges)
            self.stack.clock.advance(MINUTE if self._busy() else TURN)
            self._mortal(self._tick)
            self._look()

    def minute(self) -> None:
        """One quiet minute, with its tick."""
        self.stack.clock.advance(MINUTE)
        if self.back_at is not None and self.stack.clock.now() >= self.back_at:
            self._answer_again()
        self._tick()
        self._look()

    def heal(self) -> None:
        """No more accidents: every open row comes to its end."""
        self.provider.orders.clear()
        self._answer_again()
        while still := [row for row in self.rows(ended=False) if row.status is not Status.DELETING]:
            for row in still:
                self._release(row)
        for _ in range(90):
            self.minute()

    def rows(self, *, ended: bool = True) -> list[Instance]:
        """Every instance, also those whose order was killed before it was answered, or those that live."""
        return list(self.stack.services.instances.page(ended=ended, limit=1000, cursor=None).instances)

    def go_away(self, span: timedelta) -> None:
        """The provider answers nobody for a while."""
        now = self.stack.clock.now()
        self.provider.down, self.back_at = True, now + span
        self.outages.spans.append((now, now + span))

    def _answer_again(self) -> None:
        now = self.stack.clock.now()
        if self.back_at is not None:
            since, _ = self.outages.spans.pop()
            self.outages.spans.append((since, now))
        self.provider.down, self.back_at = False, None

    def _busy(self) -> bool:
        now = self.stack.clock.now()
        return any(
            row.status is not Status.RUNNING or (row.expires_at is not None and row.expires_at - now <= TURN + MINUTE)
            for row in self.rows(ended=False)
        )

    def _accident(self) -> None:
        """A fault at the provider, minutes without it, or hours."""
        if self.back_at is not None and self.stack.clock.now() >= self.back_at:
            self._answer_again()
        if self.random.random() < 0.25 and not self.provider.orders.all():
            self.provider.fault(**self.random.choice(FAULTS))
        chance = self.random.random()
        if self.back_at is None and chance < 0.01:
            self.go_away(MINUTE if chance > 0.001 else self.random.randint(20, 150) * MINUTE)

    def _people(self) -> None:
        chance = self.random.random()
        running = [row for row in self.rows(ended=False) if row.status is Status.RUNNING]
        if chance < 0.03:
            self._order(self.random.randint(1, 12))
        elif chance < 0.04 and running:
            self._extend(self.random.choice(running), self.random.randint(1, 5))
        elif chance < 0.05 and running:
            self._release(self.random.choice(running))

    def _order(self, hours: int) -> None:
        """Whatever came of it, a row that was not there before is what was asked for now."""
        self._mortal(lambda: self.stack.order(hours, key=f"{self.random.random()}"))
        for row in self.rows(ended=False):
            self.asked.setdefault(row.id, Asked(hours=hours))

    def _extend(self, row: Instance, hours: int) -> None:
        """Whatever came of it, an end that has moved is what was asked for now."""
        self._mortal(lambda: extend(self.stack.services, row.id, hours=hours, key=f"{self.random.random()}"))
        if self.stack.row(row.id).expires_at != row.expires_at:
            self.asked[row.id].more += hours

    def _release(self, row: Instance) -> None:
        """Whatever came of it, an instance that ends by its owner's wish from now on is what was asked for."""
        now = self.stack.clock.now()
        self._mortal(lambda: deprovision(self.stack.services, row.id))
        if self.stack.row(row.id).end_reason is EndReason.RELEASED and self.asked[row.id].released_at is None:
            self.asked[row.id].released_at = now

    def _look(self) -> None:
        """Note what anybody could see by now: which machines run, and which are ending."""
        for row in self.rows():
            asked = self.asked[row.id]
            asked.running_at = row.running_at
            if row.status in ENDING and asked.seen_ending is None:
                asked.seen_ending, asked.failed = self.stack.clock.now(), row.end_reason is EndReason.FAILED

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

    def _mortal(self, act: Callable[[], object]) -> None:
        """Do it, whatever the answer, and now and then die at any call of any port."""
        if self.random.random() >= 0.08:
            with contextlib.suppress(CccError):
                act()
            return
        fate = Fate(self.random.randint(1, 40), after=self.random.random() < 0.5)
        plain = self.stack.services
        self.stack.services = fate.wrapped(plain)
        try:
            with contextlib.suppress(CccError):
                act()
        except Killed:
            self.kills += 1
            self.stack.nudge.take()
        finally:
            self.stack.services = plain


def _short(market: Market) -> Market:
    """Two types of the list: enough to choose from."""
    return replace(market, types=tuple(kind for kind in market.types if kind.name in {"cpx22", "cpx32"}))

"""Machines that die while they are made: orders whose death is arranged, and the time that passes over them.

All stand on one box and are made at once. Time that is waited for is passed over by the shared clock, but only when
every order that is still open waits for it: so none loses the time that it needs itself.
"""

from __future__ import annotations

import json
import math
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from urllib.request import urlopen

from chalicelib.domain.build import MAX_ATTEMPTS, Cause, Phase
from tests.stack.box import Box
from tests.stack.conftest import GuestKey

HOURS = 3
"""What is ordered: more than what is billed of a machine that dies."""

LIMIT = "11m"
"""A minute more than any one stretch may take, but for the installation."""

REST = "13m"
"""What brings the end of the 45 minutes, after three limits."""

REBUILDING = "5s"
"""A piece of the wait for a rebuilt server."""

SETTLED = 2.0
"""Seconds that an attempt has to stand where its machine died before its limit is passed over: it may just be about to
begin the stretch whose limit is meant."""

PATIENCE = 240.0
"""Seconds that the whole may take on a busy machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Death:
    """What is arranged (`at`, `how`, `deaths` as the emulator has them), and what must come of it.

    `stage` is where the builder stands then, `cause` what it says. Of a machine that dies once a good one is made.
    `waits`: only time ends the attempt; `long`: it takes the longest of the limits, half an hour.
    """

    at: str
    stage: Phase
    cause: Cause
    how: str = "gone"
    deaths: int = 0
    attempts: int = MAX_ATTEMPTS
    waits: bool = False
    long: bool = False

    @property
    def saved(self) -> bool:
        """Whether another attempt makes the machine."""
        return self.deaths == 1

    def __str__(self) -> str:
        return f"{self.how} at {self.at}" + (" once" if self.saved else "")


@dataclass(slots=True, kw_only=True)
class Order:
    """One order: its death, how it was seen last, and the attempt over whose limit time has been passed.

    `begun` is when that attempt came to where it waited, `since` when the newest was first seen to stand (monotonic).
    """

    death: Death
    instance_id: str
    shown: dict[str, Any] = field(default_factory=dict)
    passed: int = 0
    begun: str = ""
    since: float = math.inf

    @property
    def ended(self) -> bool:
        """Whether it has come to its end, good or bad."""
        return bool(self.shown) and self.shown["status"] in {"failed", "running"}


def died(box: Box, instance_id: str) -> float:
    """How often the machine of an instance has died, as the emulator counts; 0 for one that is not there."""
    with urlopen(f"http://127.0.0.1:{box.emulator_port}/_emulator", timeout=20) as answer:
        machines = json.loads(answer.read())["servers"]
    return next((float(one["died"]) for one in machines if one["name"] == f"cc-{instance_id}"), 0.0)


class Deathbed:
    """A box with one order for each death; `pass_away` drives all of them to their end."""

    def __init__(self, box: Box, guest_key: GuestKey, deaths: tuple[Death, ...]) -> None:
        self.box = box
        for number, death in enumerate(deaths):
            box.fault(
                do="dies", method="POST", path="^/servers$", skip=number,
                at=death.at, how=death.how, deaths=death.deaths,
            )  # fmt: skip
        with ThreadPoolExecutor(len(deaths)) as crowd:
            ids = list(crowd.map(lambda _: box.provision(guest_key.public, hours=HOURS), deaths))
        self.orders = self._matched(deaths, ids)

    def _matched(self, deaths: tuple[Death, ...], ids: list[str]) -> list[Order]:
        """The order of each death: the machines are made in the order in which the faults were given.

        Read from the bill, where those are too that are gone before the last one is bought.
        """
        wanted, end = {f"cc-{one}" for one in ids}, time.monotonic() + PATIENCE
        while len(bought := [one for one in self.box.bill() if one["name"] in wanted]) < len(ids):
            assert time.monotonic() < end, (len(bought), [self.box.show(one)["status"] for one in ids])
            time.sleep(0.1)
        names = [str(one["name"]).removeprefix("cc-") for one in sorted(bought, key=lambda one: int(one["id"]))]
        return [Order(death=death, instance_id=name) for death, name in zip(deaths, names, strict=True)]

    def of(self, death: Death) -> Order:
        """The order that was to die so."""
        return next(order for order in self.orders if order.death == death)

    def pass_away(self, seconds: float = PATIENCE) -> None:
        """Let time pass until every order has come to its end, within so many real seconds."""
        end, advances = time.monotonic() + seconds, 0
        while still_open := self._look():
            assert time.monotonic() < end, self._trouble(still_open)
            attempts = [(order, self.attempts(order)) for order in still_open]
            resting = [order for order, builds in attempts if self._is_between_attempts(order, builds)]
            waiting = [(order, len(builds)) for order, builds in attempts if self._waits(order, len(builds))]
            if resting and len(resting) + len(waiting) == len(still_open):
                self.box.advance_clock(REBUILDING)
            elif len(waiting) == len(still_open):
                self.box.advance_clock(LIMIT if advances < MAX_ATTEMPTS else REST)
                advances += 1
                for order, attempt in waiting:
                    order.passed, order.begun, order.since = attempt, self._begun(order), math.inf
            time.sleep(0.4)

    def _look(self) -> list[Order]:
        """Look at the orders that are open; those that still are."""
        still_open = [order for order in self.orders if not order.ended]
        for order in still_open:
            order.shown = self.box.show(order.instance_id)
        return [order for order in still_open if not order.ended]

    def attempts(self, order: Order) -> list[dict[str, Any]]:
        """The attempts of an order as the supervisor knows them, oldest first."""
        _, state = self.box.patient(lambda: self.box.call("GET", "/onebox/state"))
        mine = [build for build in state["builds"] if build["build"].startswith(f"{order.instance_id}-")]
        return sorted(mine, key=lambda build: str(build["build"]))

    @staticmethod
    def _is_between_attempts(order: Order, attempts: list[dict[str, Any]]) -> bool:
        """Whether nobody is at work: its server is being rebuilt, and looked at from time to time."""
        return order.shown["status"] == "installing" and not any(build["state"] == "running" for build in attempts)

    def _waits(self, order: Order, attempt: int) -> bool:
        """Whether this attempt, the newest, has stood for a moment where only time can end it."""
        order.since = min(order.since, time.monotonic()) if self._stands(order, attempt) else math.inf
        return time.monotonic() - order.since >= SETTLED

    def _stands(self, order: Order, attempt: int) -> bool:
        """Whether this attempt, the newest, has come to where its machine died."""
        if not order.death.waits or order.shown["stage"] != order.death.stage:
            return False
        if attempt == order.passed:
            return order.death.long
        return self._begun(order) != order.begun and self._died(order) >= attempt

    @staticmethod
    def _begun(order: Order) -> str:
        """When the stage in which the machine dies was begun."""
        stages = {stage["name"]: str(stage["started_at"]) for stage in order.shown["stages"]}
        return stages[order.death.stage]

    def _died(self, order: Order) -> float:
        """How often the machine has died; one that was never there is not made again, and stays as it is."""
        if order.death.at == "boot":
            return math.inf
        return died(self.box, order.instance_id)

    def _trouble(self, orders: list[Order]) -> str:
        told = [
            f"{order.death}: {order.shown['status']} {order.shown['stage']}, passed {order.passed}, "
            + " ".join(f"{build['build']} {build['state']}" for build in self.attempts(order))
            for order in orders
        ]
        return "\n".join(told)

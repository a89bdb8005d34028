"""Who does something in a turmoil: guests, operators, the schedule, and others in the same project.

Each act is one worker's: with a clock of its own, which may be wrong, and with the accidents at each of its calls. An
act that dies leaves what it has done; nobody finishes it but the product.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from chalicelib.domain import labels
from chalicelib.domain.errors import CccError
from chalicelib.domain.instance import Instance, Status
from chalicelib.domain.orphans import ServerFact
from chalicelib.operations.deprovision import deprovision
from chalicelib.operations.extend import extend
from chalicelib.operations.pause import pause
from chalicelib.operations.ports import Clock
from chalicelib.operations.request_reap import request_reap
from chalicelib.operations.resume import resume
from tests.simulation.crashing import Killed
from tests.simulation.turmoil.accidents import Accidents, Kind
from tests.simulation.turmoil.watch import Watch
from tests.unit.operations.guests import said_yes, signed_up
from tests.unit.operations.world import World

GUESTS = ("anna@example.com", "bert@example.com", "carl@example.com")
MOST_HOURS = 3
ENOUGH = timedelta(hours=5)
"""Nobody wants more time who has this much left."""


@dataclass(slots=True)
class OwnClock:
    """The clock of one worker: the world's, and what it is off."""

    world: Clock
    off: timedelta

    def now(self) -> datetime:
        """Aware UTC, whole seconds."""
        return self.world.now() + self.off


class People:
    """Acts by name; `act` carries out one of them as a worker of its own."""

    def __init__(self, world: World, watch: Watch, random: Random) -> None:
        self.world = world
        self.watch = watch
        self.random = random
        self.accidents: Accidents | None = None
        self.keys = 0
        self.taken: dict[int, Mapping[str, str]] = {}

    def act(self, name: str, act: Callable[[], None]) -> None:
        """One worker's act: it may be refused, fail, or die."""
        assert self.accidents is not None
        outer = self.world.services
        self.accidents.trace.append(f"{self.world.clock.now():%H:%M:%S} {name}")
        clock = OwnClock(self.world.clock, self._off())
        self.world.services = self.accidents.wrapped(self.watch.plain, clock)
        try:
            act()
        except Killed:
            pass
        except CccError as error:
            self.accidents.trace.append(f"{name}: {error.code}")
        finally:
            self.world.services = outer

    def _off(self) -> timedelta:
        assert self.accidents is not None
        if self.accidents.may(Kind.FAST_CLOCK, 0.03):
            return timedelta(hours=1)
        if self.accidents.may(Kind.SKEW, 0.3):
            return timedelta(seconds=self.random.randint(-50, 50))
        return timedelta(0)

    # Those who want something.

    def order(self) -> None:
        """An operator orders, and sometimes asks again."""
        self.keys += 1
        for _ in range(self.random.choice([1, 1, 2])):
            self.world.order(self.random.randint(1, MOST_HOURS), key=f"order-{self.keys}")

    def sign_up(self) -> None:
        """A guest fills in the form."""
        signed_up(self.world, self.random.choice(GUESTS), hours=self.random.randint(1, MOST_HOURS))

    def confirm(self) -> None:
        """A guest presses the button of a mail that has come."""
        waiting = self._rows(Status.UNCONFIRMED)
        told = [row for row in waiting if any(row.id in letter.message_id for letter in self.world.mailer.sent)]
        if told:
            said_yes(self.world, self.random.choice(told).id)

    def extend(self) -> None:
        """Somebody wants more time; what is answered is a promise."""
        soon = self.world.clock.now() + ENOUGH
        running = [row for row in self._rows(Status.RUNNING) if row.expires_at is not None and row.expires_at < soon]
        if not running:
            return
        row = self.random.choice(running)
        self.keys += 1
        for _ in range(self.random.choice([1, 2])):
            with contextlib.suppress(CccError):
                extended = extend(
                    self.world.services, row.id, hours=self.random.randint(1, 2), key=f"extend-{self.keys}"
                )
                self._promise(extended.instance)

    def release(self) -> None:
        """Somebody is done with a machine, or with waiting for it."""
        living = [row for row in self._rows() if not row.terminal]
        if living:
            row = self.random.choice(living)
            self.watch.promises.released.add(row.id)
            deprovision(self.world.services, row.id)

    def look(self) -> None:
        """Somebody reads their page: the end it tells is a promise as well."""
        for row in self._rows(Status.RUNNING):
            self._promise(row)

    # Those who keep it going.

    def tick(self) -> None:
        """The minute's schedule."""
        self.world.tick()

    def reap(self) -> None:
        """The hour's schedule."""
        self.world.reap()

    def nudges(self) -> None:
        """What was asked for, unless nobody heard it."""
        assert self.accidents is not None
        if self.accidents.may(Kind.DEAF, 0.2):
            self.world.nudge.take()
            return
        self.world.follow_nudges()

    def operate(self) -> None:
        """An operator asks for a run, or switches new instances off and on."""
        match self.random.randrange(4):
            case 0:
                request_reap(self.world.services, dry_run=True, confirm=None)
            case 1:
                request_reap(self.world.services, dry_run=False, confirm=self.random.choice([None, 1, 5]))
            case 2:
                pause(self.world.services)
            case _:
                resume(self.world.services)

    # Those who only happen to be there.

    def stranger(self) -> None:
        """Servers of others in the same project: without labels, with another stack's, with some of ours."""
        stack = self.watch.plain.stack.get()
        assert stack is not None
        self.keys += 1
        ours = labels.server_labels(stack=stack.uuid, instance_id=f"{self.keys:012x}")
        kind = self.random.randrange(3)
        shown = [{}, labels.server_labels(stack="other", instance_id=f"{self.keys:012x}"), ours][kind]
        server_id = 900_000 + self.keys
        self.watch.home.servers[server_id] = ServerFact(
            server_id=server_id,
            name=f"pet-{self.keys}",
            labels=shown,
            created_at=self.world.clock.now(),
            status="running",
            ip="192.0.2.200",
        )
        self.watch.foreign.add(server_id)

    def by_hand(self) -> None:
        """Somebody deletes a machine in the provider's console, or makes it their own."""
        ours = [each for each in self.watch.home.servers if each not in self.watch.foreign]
        if not ours or self.world.servers.project is not self.watch.home:
            return
        chosen = self.random.choice(ours)
        if self.random.random() < 0.5:
            self.world.servers.vanish(chosen)
            return
        self.taken[chosen] = self.watch.home.servers[chosen].labels
        self.watch.foreign.add(chosen)
        self.world.servers.alter(chosen, labels={"owner": "somebody"})

    def give_back(self) -> None:
        """Who was told by an alarm puts the labels back."""
        for server_id, shown in self.taken.items():
            if server_id in self.watch.home.servers:
                self.world.servers.alter(server_id, labels=shown)
            self.watch.foreign.discard(server_id)
        self.taken.clear()

    def _rows(self, *statuses: Status) -> list[Instance]:
        return [row for row in self.watch.rows() if not statuses or row.status in statuses]

    def _promise(self, row: Instance) -> None:
        if row.expires_at is None or row.status is not Status.RUNNING:
            return
        before = self.watch.promises.ends.get(row.id)
        self.watch.promises.ends[row.id] = row.expires_at if before is None else max(before, row.expires_at)

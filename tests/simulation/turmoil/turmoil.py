"""Hours in which everything happens at once, then healing, then the account: one seed, one story.

The seed decides who acts when, what goes wrong at which call, and which half of the kinds of accidents there are. What
is production code is the product's own and unmodified; the world around it is made of the fakes that the contract
suites hold to the real adapters. The same seed tells the same story (`trace`).
"""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from chalicelib.domain import labels
from chalicelib.operations.accept_restore import accept_restore
from chalicelib.operations.request_reap import request_reap
from chalicelib.operations.resume import resume
from chalicelib.operations.tick import SWEEP_EVERY, WorkFailed
from tests.simulation.turmoil.accidents import Accidents, Kind
from tests.simulation.turmoil.account import Account
from tests.simulation.turmoil.broken import Broken, require
from tests.simulation.turmoil.builders import Builders
from tests.simulation.turmoil.people import People
from tests.simulation.turmoil.watch import Watch
from tests.unit.domain.samples import MINUTE
from tests.unit.operations.world import World

STEPS = 200
PAUSES = (0, 5, 20, 60, 300)
HEALS_WITHIN = timedelta(hours=30)
BACKUP_AGE = timedelta(minutes=6)
"""A backup is older than this when it is restored: a point-in-time restore ends about five minutes before now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """A copy of the table."""

    taken_at: datetime
    items: dict[str, Any]
    counters: dict[str, Any]


class Turmoil:
    """One story; `tell` lets it happen and raises Broken when an invariant does not hold."""

    def __init__(self, seed: int, kinds: frozenset[Kind] | None = None, *, often: int = 1) -> None:
        self.seed = seed
        self.random = Random(seed)
        half = frozenset(self.random.sample(sorted(Kind), len(Kind) // 2))
        store_has_clock = self.random.random() < 0.5
        self.kinds = half if kinds is None else kinds
        if not store_has_clock and kinds is None:
            # on one machine the store has no clock of its own, and all workers have the machine's
            self.kinds -= {Kind.SKEW, Kind.FAST_CLOCK}
        self.world = World(max_live=8, max_creates_per_hour=60)
        if self.kinds & {Kind.SKEW, Kind.FAST_CLOCK}:
            self.world.table.has_clock(self.world.clock)
        self.watch = Watch(self.world)
        self.people = People(self.world, self.watch, self.random)
        self.accidents = Accidents(self.random, self.kinds, self.watch, self._somebody)
        self.accidents.often = often
        self.people.accidents = self.accidents
        self.builders = Builders(self.world, self.random, self.accidents, self.people.act)
        self._home = self.world.servers._token
        self._ticked = self._reaped = self.world.clock.now()
        self.spoiled: list[datetime] = []
        self._backup: Backup | None = None
        self.restored = False

    @property
    def trace(self) -> list[str]:
        """What happened, in order."""
        return self.accidents.trace

    def tell(self) -> None:
        """The whole story."""
        try:
            for _ in range(STEPS):
                self._somebody()
                self._fate()
                self._pause(self.random.choice(PAUSES))
            self._heal()
            Account(self).settle()
        except Broken as broken:
            broken.add_note("\n".join([*self.trace[-60:], f"seed {self.seed}"]))
            raise

    def _pause(self, seconds: int) -> None:
        """Time goes on, and the schedule comes every minute of it."""
        while seconds > 0:
            self.world.clock.advance(timedelta(seconds=min(seconds, 60)))
            self.world.table.purge(int(self.world.clock.now().timestamp()))
            self._schedule()
            seconds -= 60

    def _schedule(self) -> None:
        now = self.world.clock.now()
        if now - self._ticked >= MINUTE:
            self._ticked = now
            before = len(self.trace)
            self.people.act("tick", self.people.tick)
            if set(self.trace[before + 1 :]) - {Kind.SKEW}:
                self.spoiled.append(now)
        if now - self._reaped >= 60 * MINUTE:
            self._reaped = now
            self.people.act("reap", self.people.reap)

    def _somebody(self) -> None:
        people = self.people
        acts: list[tuple[int, str, Callable[[], None]]] = [
            (6, "order", people.order),
            (5, "sign up", people.sign_up),
            (6, "confirm", people.confirm),
            (8, "extend", people.extend),
            (2, "release", people.release),
            (4, "look", people.look),
            (20, "nudges", people.nudges),
            (10, "tick", people.tick),
            (2, "reap", people.reap),
            (2, "operate", people.operate),
        ]
        _, name, act = self.random.choices(acts, [weight for weight, _, _ in acts])[0]
        people.act(name, act)
        if self.random.random() < 0.4:
            self.builders.take_turns()

    def _fate(self) -> None:
        """What happens to the whole world and not to one call."""
        if self.random.random() < 0.01:
            self.people.stranger()
        if self.accidents.may(Kind.BY_HAND, 0.01):
            self.people.by_hand()
        if self.accidents.may(Kind.OLD_LIST, 0.03):
            self.world.servers.serve_stale_list()
        if self.accidents.may(Kind.OTHER_TOKEN, 0.02):
            self.world.servers.use_token("the token of another project")
        elif self.random.random() < 0.1:
            self.world.servers.use_token(self._home)
        self._copy_or_restore()

    def _copy_or_restore(self) -> None:
        table, now = self.world.table, self.world.clock.now()
        if Kind.RESTORE not in self.kinds or self.restored:
            return
        if self._backup is None and self.accidents.may(Kind.RESTORE, 0.03):
            self._backup = Backup(
                taken_at=now,
                items=copy.copy(table._items),
                counters=copy.copy(table._counters),
            )
        elif self._backup and now - self._backup.taken_at > BACKUP_AGE and self.accidents.may(Kind.RESTORE, 0.05):
            table._items, table._counters = self._backup.items, self._backup.counters
            self.restored = True

    # Afterwards.

    def _heal(self) -> None:
        """Nothing goes wrong any more; an operator looks at what is frozen, and time goes on until all is over."""
        self.accidents.happening = False
        self.trace.append("healing")
        self.world.servers.use_token(self._home)
        self.people.give_back()
        resume(self.watch.plain)
        for _ in range(30):
            self._minute(MINUTE)
        until = self.world.clock.now() + HEALS_WITHIN
        while (left := self._left()) and self.world.clock.now() < until:
            self._minute(self._until_next())
        require("5", holds=not left, what=f"not over: {left}")
        for _ in range(12):
            self._minute(MINUTE)

    def _until_next(self) -> timedelta:
        """Until the next row is due, a minute at least and a sweep's time at most."""
        now = self.world.clock.now()
        waits = [row.due_at - now for row in self.watch.rows() if row.due_at is not None]
        return max(MINUTE, min([*waits, SWEEP_EVERY]))

    def _minute(self, by: timedelta) -> None:
        self.world.clock.advance(by)
        self.world.table.purge(int(self.world.clock.now().timestamp()))
        self._accept()
        with contextlib.suppress(WorkFailed):
            self.world.tick()
        self.builders.take_turns()
        self.world.follow_nudges()

    def _accept(self) -> None:
        """An operator's answer to what a stopped run told: only a restored table makes so many orphans or losses."""
        stack = self.world.stack
        if stack.frozen is not None:
            self._forfeit()
            accept_restore(self.watch.plain, plant_marker=False)
        if self.restored and any(name == "sweep.too_many" for name, _ in self.world.alarms.raised):
            self.world.alarms.raised.clear()
            request_reap(self.watch.plain, dry_run=False, confirm=20)

    def _forfeit(self) -> None:
        """Whoever accepts an old table gives up what it does not know: ends that were moved, machines made since."""
        for name, end in self.watch.promises.ends.items():
            row = self.watch.row(name)
            if row is None or row.expires_at is None or row.expires_at < end:
                self.watch.promises.forfeited.add(name)

    def ours(self) -> list[str]:
        """The names of the servers that bear our labels and are nobody else's."""
        stack, home = self.world.stack.uuid, self.watch.home
        return [
            server.name
            for each, server in home.servers.items()
            if each not in self.watch.foreign and server.labels.get(labels.STACK) == stack
        ]

    def _left(self) -> list[str]:
        """What is not over: rows that are not at their end, servers of ours."""
        rows = [f"{row.id} {row.status} due {row.due_at}" for row in self.watch.rows() if not row.terminal]
        return rows + self.ours()

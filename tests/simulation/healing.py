"""What goes on after a crash: clients ask again, builders go on, ticks come, and in the end everything is right.

Everything here is the product's own; only the time is made up. `Case` holds the world of one crash and says what must
be true of it.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from chalicelib.domain import budget
from chalicelib.domain.build import BuildReport, Outcome, Phase
from chalicelib.domain.errors import BuildRefused
from chalicelib.domain.instance import Instance, Status
from chalicelib.operations.ports import BuildState
from tests.unit.domain.samples import MINUTE
from tests.unit.operations.guests import quota
from tests.unit.operations.world import World

COPIES = 2
"""A crash between the send and its record leaves one more attempt, never two (rule R19)."""


class Case:
    """One world with one instance that is known by its id once it was ordered.

    `wanted` are the notices that must have been sent by its end, `forgotten` is a wish that nobody confirms.
    """

    def __init__(self) -> None:
        self.world = World()
        self.instance_id = ""
        self.forgotten = ""
        self.wanted = {"ended"}

    @property
    def row(self) -> Instance:
        """The one row."""
        return self.world.row(self.instance_id)

    def heal(self, status: Status, within: timedelta, step: timedelta = MINUTE) -> None:
        """Let time go on, with ticks and a builder, until the row is in this status."""
        until = self.world.clock.now() + within
        while self.row.status is not status:
            assert self.world.clock.now() < until, f"still {self.row.status} after {within}"
            self.minute(step)

    def minute(self, step: timedelta = MINUTE) -> None:
        """Time goes on: a tick, a builder's turn, and what both have asked for."""
        self.world.wait(step)
        self._builder()
        self.world.follow_nudges()
        assert len(self.world.servers.project.servers) <= 1
        if self.row.status is Status.RUNNING:
            assert len(self.world.servers.project.servers) == 1

    def wait_for_mail(self, key: str, within: timedelta) -> None:
        """Let time go on until a letter of this notice has left."""
        until = self.world.clock.now() + within
        while key not in self.world.mails():
            assert self.world.clock.now() < until, f"no mail {key!r} after {within}"
            self.minute()

    def _builder(self) -> None:
        """The job of the newest attempt does what is left of its work, if it is still at it."""
        build = self.row.build
        if build is None:
            return
        if self.row.running_at is not None:
            # a job whose report was answered, or is refused from now on, ends by itself
            self.world.installer.end(self.instance_id, build.attempt)
        key = (self.instance_id, build.attempt, build.reference)
        if self.row.status is Status.INSTALLING and self.world.installer.state(*key) is BuildState.RUNNING:
            self._work(build.attempt)

    def _work(self, attempt: int) -> None:
        record = self.world.services.instances.get_build(self.instance_id, attempt)
        try:
            self.world.claim(self.instance_id, attempt)
            if record is None or record.outcome is None:
                self.world.begin(self.instance_id, *Phase, attempt=attempt)
                self.world.boot(self.instance_id)
                self.world.report(self.instance_id, BuildReport(outcome=Outcome.READY), attempt)
        except BuildRefused:
            pass
        self.world.installer.end(self.instance_id, attempt)

    def check_alive(self) -> None:
        """Exactly one server, one live instance, and money for the hours it is going to be billed."""
        row = self.row
        assert row.expires_at is not None
        assert [fact.name for fact in self.world.servers.project.servers.values()] == [row.name]
        assert self.world.live == 1
        assert quota(self.world, row) == int(not row.by_operator)
        assert self.world.spend == budget.held(row.holds) == budget.billed(row, row.expires_at)

    def check_gone(self) -> None:
        """No server, no live instance, no money but what was billed, no job, no mail more than twice."""
        row = self.row
        assert row.ended_at is not None
        assert self.world.servers.project.servers == {}
        assert (self.world.live, quota(self.world, row)) == (0, 0)
        assert self.world.spend == budget.held(row.holds) == budget.billed(row, row.ended_at)
        assert self.world.installer.running() == 0
        self.check_mails()

    def check_mails(self) -> None:
        """Every notice at most twice, those that are wanted at least once, and nothing owed any more."""
        copies = Counter(self.world.mails())
        assert max(copies.values(), default=0) <= COPIES
        assert self.wanted <= copies.keys()
        assert self.row.due_at is None

    def live_on(self) -> None:
        """Everything after the crash has healed: the rest of the life, and the checks at its end."""
        while (end := self.row.expires_at) is not None and self.world.clock.now() < end:
            self.minute(min(10 * MINUTE, end - self.world.clock.now()))
        self.heal(Status.DELETED, within=5 * MINUTE)
        for _ in range(3):
            self.minute(6 * MINUTE)
        self.check_gone()

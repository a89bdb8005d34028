"""A whole service in memory: every port a fake on one table, a clock that stands still, and a builder in a few lines.

The operations under test are the product's own; the world only carries out nudges and ticks, and does what a builder
and a machine would do. Time goes on only when a test says so.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

from chalicelib.domain import budget, tokens
from chalicelib.domain.build import BuildOrder, BuildReport, Cause, Outcome, Phase
from chalicelib.domain.email import EmailAddress
from chalicelib.domain.errors import CccError
from chalicelib.domain.instance import Instance, Status, Wish
from chalicelib.domain.lifecycle import lease_time
from chalicelib.domain.ssh_key import SshPublicKey
from chalicelib.operations import secrets_of
from chalicelib.operations.advance import advance
from chalicelib.operations.claim_build import claim_build
from chalicelib.operations.found_stack import found_stack
from chalicelib.operations.ports import BuildStart, Run, StackState
from chalicelib.operations.provision import Provisioned, provision
from chalicelib.operations.reap import reap, run_requested
from chalicelib.operations.record_build import record_build
from chalicelib.operations.save import LIVE, spend_key
from chalicelib.operations.services import Services
from chalicelib.operations.tick import tick
from chalicelib.storage.audit import StoredAudit
from chalicelib.storage.breaker import StoredBreaker
from chalicelib.storage.catalogue import StoredCatalogue
from chalicelib.storage.durations import StoredDurations
from chalicelib.storage.instances import StoredInstances
from chalicelib.storage.runs import StoredRuns
from chalicelib.storage.stack import StoredStack
from tests.fakes.alarms import FakeAlarms
from tests.fakes.clock import FakeClock
from tests.fakes.identities import HashedIdentities
from tests.fakes.ids import CountedIds
from tests.fakes.installer import FakeInstaller
from tests.fakes.keyring import FakeKeyring
from tests.fakes.mailer import FakeMailer
from tests.fakes.nudge import FakeNudge
from tests.fakes.probe import ScriptedProbe
from tests.fakes.servers import FakeServers
from tests.unit.domain.samples import LIMITS, TEN
from tests.unit.operations.named_letters import NamedLetters
from tests.unit.operations.whole_table import WholeTable

OPERATOR = "an operator's token"
GUEST = EmailAddress(value="name@example.com")
SSH_KEY = SshPublicKey(type="ssh-ed25519", blob=b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + bytes(range(32)))
OF_ONE_INSTANCE = frozenset({"create", "find", "get", "delete", "rebuild"})
"""Provider calls that are made for one instance; marker, market and lists are shared by all."""


class World:
    """All fakes by name, the services made of them, and what a day of the service consists of."""

    def __init__(self, **limits: Any) -> None:
        self.clock = FakeClock(TEN)
        self.table = WholeTable()
        self.servers = FakeServers(self.clock)
        self.installer = FakeInstaller()
        self.builders_ask = True
        self.mailer = FakeMailer()
        self.letters = NamedLetters()
        self.probe = ScriptedProbe()
        self.nudge = FakeNudge()
        self.keyring = FakeKeyring(OPERATOR)
        self.alarms = FakeAlarms()
        self.ids = CountedIds()
        self.services = self._services(**limits)
        found_stack(self.services)
        self.services.catalogue.keep(self.servers.market(self.clock.now()))
        self.servers.calls.clear()

    def _services(self, **limits: Any) -> Services:
        op_ids = CountedIds("op").new
        return Services(
            instances=StoredInstances(self.table, op_ids=op_ids),
            servers=self.servers,
            installer=self.installer,
            mailer=self.mailer,
            letters=self.letters,
            probe=self.probe,
            nudge=self.nudge,
            keyring=self.keyring,
            identities=HashedIdentities(),
            catalogue=StoredCatalogue(self.table),
            stack=StoredStack(self.table, op_ids=op_ids),
            runs=StoredRuns(self.table),
            breaker=StoredBreaker(self.table, op_ids=op_ids),
            durations=StoredDurations(self.table, op_ids=op_ids),
            alarms=self.alarms,
            audit=StoredAudit(self.table, op_ids=op_ids),
            clock=self.clock,
            ids=self.ids,
            limits=replace(LIMITS, **limits),
            find_url=lambda: "https://ccc.example.com",
        )

    # What can be seen.

    def row(self, instance_id: str) -> Instance:
        """The row as it is in the table."""
        row = self.services.instances.get(instance_id)
        assert row is not None
        return row

    @property
    def stack(self) -> StackState:
        """The `stack` item."""
        stack = self.services.stack.get()
        assert stack is not None
        return stack

    @property
    def live(self) -> int:
        """The counter of live instances."""
        return self.services.instances.counters([LIVE])[LIVE]

    @property
    def spend(self) -> int:
        """Millionths of a euro set aside in the month of the clock."""
        key = spend_key(budget.month_of(self.clock.now()))
        return self.services.instances.counters([key])[key]

    def requests(self) -> list[str]:
        """The provider calls that were made for single instances, in order."""
        return [method for method, _ in self.servers.calls if method in OF_ONE_INSTANCE]

    def mails(self) -> list[str]:
        """The keys of the notices whose letters left, in order: what stands in a Message-ID behind the id."""
        return [_notice_key(letter.message_id) for letter in self.mailer.sent]

    # What happens.

    def order(self, hours: int = 1, *, key: str | None = None, body: str = "hash", **wish: Any) -> Provisioned:
        """Order an instance as an operator."""
        return provision(
            self.services,
            email=GUEST,
            ssh_key=SSH_KEY,
            wish=Wish(hours=hours, **wish),
            idempotency_key=key,
            request_hash=body,
        )

    def follow_nudges(self) -> None:
        """Carry out what was asked for, what that asks for, and what the builders ask whom it has started."""
        while waiting := self.nudge.take():
            for what, name in waiting:
                if what == "advance":
                    advance(self.services, name)
                else:
                    run_requested(self.services, name)
            self.let_builders_ask()

    def let_builders_ask(self) -> bool:
        """Let each job that runs ask for the order that waits for its question; whether any did.

        A platform's job asks within seconds of its beginning. With `builders_ask` false it is one that says nothing.
        """
        jobs = self.installer.at_work() if self.builders_ask else []
        return sum(self._asks(job) for job in jobs) > 0

    def _asks(self, job: BuildStart) -> bool:
        row = self.services.instances.get(job.instance_id)
        if row is None or row.status is not Status.REQUESTED or row.build is None or row.build.asked_at is not None:
            return False
        with suppress(CccError):
            self.claim(job.instance_id, job.attempt)
        return True

    def wait(self, by: timedelta) -> None:
        """Let time go on, and a tick come."""
        self.clock.advance(by)
        self.tick()

    def tick(self) -> None:
        """One tick, with all the time it wants, and what follows from the questions of builders that it started."""
        tick(self.services, left=lambda: 60.0)
        if self.let_builders_ask():
            self.follow_nudges()

    def reap(self) -> Run:
        """One run of the reaper's schedule."""
        return reap(self.services, left=lambda: 60.0)

    def claim(self, instance_id: str, attempt: int = 1, nonce: str = "nonce") -> BuildOrder:
        """Claim an order as the builder of this attempt does."""
        code = secrets_of.token(self.services, self.row(instance_id), tokens.Purpose.CLAIM, attempt)
        return claim_build(self.services, instance_id, attempt=attempt, claim_code=code, nonce=nonce)

    def report(self, instance_id: str, report: BuildReport, attempt: int = 1) -> None:
        """Say something as the builder of this attempt."""
        token = secrets_of.token(self.services, self.row(instance_id), tokens.Purpose.BUILD, attempt)
        record_build(self.services, instance_id, attempt=attempt, build_token=token, report=report)

    def begin(self, instance_id: str, *phases: Phase, attempt: int = 1) -> None:
        """Report the beginnings of phases."""
        for phase in phases:
            self.report(instance_id, BuildReport(phase=phase), attempt)

    def fail_build(self, instance_id: str, cause: Cause = Cause.COPY_FAILED, attempt: int = 1) -> None:
        """Report a failure, and end the job."""
        self.report(instance_id, BuildReport(outcome=Outcome.FAILED, cause=cause), attempt)
        self.installer.end(instance_id, attempt)

    def boot(self, instance_id: str) -> None:
        """Let the machine answer with the host key that was planted for it."""
        row = self.row(instance_id)
        assert row.machine is not None
        self.probe.answer(row.machine.ip, row.host_key)

    def build(self, instance_id: str, attempt: int = 1) -> None:
        """Build without a mishap, and tell."""
        self.claim(instance_id, attempt)
        self.begin(instance_id, *Phase, attempt=attempt)
        self.boot(instance_id)
        self.report(instance_id, BuildReport(outcome=Outcome.READY), attempt)
        self.installer.end(instance_id, attempt)

    # Lives up to a point.

    def with_builder(self, hours: int = 1, **wish: Any) -> Instance:
        """An order whose builder runs and has asked: whoever looks at the row next buys."""
        row = self.order(hours, **wish).instance
        self.nudge.take()
        advance(self.services, row.id)
        self.let_builders_ask()
        return self.row(row.id)

    def installing(self, hours: int = 1, **wish: Any) -> Instance:
        """An instance whose server has been made."""
        ordered = self.order(hours, **wish)
        self.follow_nudges()
        return self.row(ordered.instance.id)

    def running(self, hours: int = 1, after: timedelta = timedelta(minutes=4), **wish: Any) -> Instance:
        """An instance that runs and has been told so, built in so much time."""
        row = self.installing(hours, **wish)
        self.clock.advance(after)
        self.build(row.id)
        self.follow_nudges()
        return self.row(row.id)

    def held(self, instance_id: str) -> Instance:
        """The row, taken by a worker who stands still until a test lets it go on or its lease run out."""
        row = self.row(instance_id)
        until = self.clock.now() + lease_time(row.status)
        taken = replace(row, lease_id="somebody", lease_until=until, due_at=until)
        return self.services.instances.write(taken, before=row)

    def put(self, row: Instance) -> Instance:
        """Write a row that no operation of this release would have made."""
        return self.services.instances.write(row, before=None)

    def settle(self, instance_id: str, status: Status, within: timedelta = timedelta(hours=3)) -> Instance:
        """Let minutes pass, each with a tick, until the row is in this status."""
        until = self.clock.now() + within
        while (row := self.row(instance_id)).status is not status:
            assert self.clock.now() < until, f"still {row.status}"
            self.wait(timedelta(minutes=1))
        return row


def _notice_key(message_id: str) -> str:
    name, _, _ = message_id.strip("<>").partition("@")
    return name.partition(".")[2]

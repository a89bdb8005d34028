"""Stories of sweeps in any order of events: only doubtless orphans go, all of them do, and each is charged once.

The oracle shares no code with the verdicts: it keeps its own book of what every run could see, and judges each server
that is gone after a run by it. Hypothesis makes the stories and shortens one that fails.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.domain import labels
from chalicelib.domain.errors import ProviderError, ProviderUnknown
from chalicelib.domain.instance import Instance, Status
from chalicelib.domain.orphans import ServerFact
from chalicelib.operations.list_orphans import list_orphans
from chalicelib.operations.ports import Run
from chalicelib.operations.reap import carry_out
from chalicelib.operations.request_reap import new_run
from chalicelib.storage.rows import instance_key
from tests.fakes.market import market_at
from tests.unit.domain.samples import HOUR, MINUTE, TEN
from tests.unit.operations.world import World

KIND = market_at(TEN).types[0]
FOREIGN_STACK = "00000000-0000-4000-8000-000000000000"
STORIES = 80
FAULTS: tuple[tuple[str, Callable[[World], None]], ...] = (
    ("a list that fails", lambda world: world.servers.fail_next(ProviderUnknown("made up"), "listed")),
    ("a look that fails", lambda world: world.servers.fail_next(ProviderUnknown("made up"), "get")),
    ("a delete that is refused", lambda world: world.servers.fail_next(ProviderError("made up"), "delete")),
    ("a delete whose answer is lost", lambda world: world.servers.lose_next("delete")),
)
EVENT = st.one_of(
    st.tuples(st.just("wait"), st.sampled_from([1, 5, 14, 31])),
    st.tuples(st.just("wait"), st.sampled_from([15, 16])),
    st.tuples(st.just("run"), st.sampled_from([0, 0, 0, 1, 2])),
    st.tuples(st.just("dry run, then run"), st.just(0)),
    st.tuples(st.just("run with another token"), st.just(0)),
    st.tuples(st.just("orphan"), st.sampled_from([0, 5, 13, 29, 30, 61])),
    st.tuples(st.just("many orphans"), st.sampled_from([30, 61])),
    st.tuples(st.sampled_from(["stranger", "drifted"]), st.integers(0, 300)),
    st.tuples(st.sampled_from(["touch", "rename", "row lost", "row ended", "taken away"]), st.integers(0, 9)),
    st.tuples(st.just("fault"), st.integers(0, len(FAULTS) - 1)),
)


@settings(max_examples=STORIES, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(story=st.lists(EVENT, min_size=6, max_size=40))
def test_only_doubtless_orphans_go_and_each_is_charged_once(story: list[tuple[str, int]]) -> None:
    """Whatever happens between runs: nothing of others or of a living row goes, every orphan does, at its cost."""
    told = _Story()
    for what, number in story:
        told.happen(what, number)
    told.heal()


class _Story:
    """A world with two machines that live, and the book of what every run could see."""

    def __init__(self) -> None:
        self.world = World(max_hours=72, per_owner=9)
        self.rows = [self.world.running(hours=60), self.world.running(hours=60)]
        self.number = self.faults = 0
        self.kept: set[int] = set()
        self.seen: list[tuple[datetime, dict[int, str]]] = []
        self.swept: dict[int, tuple[ServerFact, datetime, Instance | None]] = {}

    def happen(self, what: str, number: int) -> None:
        """One event."""
        world = self.world
        match what:
            case "wait":
                world.clock.advance(number * MINUTE)
            case "run":
                self._run(confirm=number or None)
            case "dry run, then run":
                self._dry_run_then_run()
            case "run with another token":
                self._with_another_token()
            case "fault":
                FAULTS[number][1](world)
                self.faults += 1
            case "many orphans":
                for _ in range(5):
                    self._add("orphan", number * MINUTE)
            case "orphan" | "stranger" | "drifted":
                self._add(what, number * MINUTE)
            case "row lost" | "row ended":
                self._row_goes(what, number)
            case _:
                self._server_changes(what, number)

    def heal(self) -> None:
        """Nothing happens any more: four runs on no orphan is left, and the book of costs is right."""
        for _ in range(4 + self.faults):
            self.world.clock.advance(40 * MINUTE)
            self._run(confirm=1000)
        left = set(self._servers()) - self.kept
        owners = {row.machine.server_id for row in self._living() if row.machine is not None}
        assert left <= owners
        assert self.kept <= set(self._servers())
        costs = {cost.server_id: cost.hours for cost in list_orphans(self.world.services, limit=1000).costs}
        due = {server_id: self._hours(*gone) for server_id, gone in self.swept.items()}
        assert {server_id: hours for server_id, hours in costs.items() if server_id in due} == {
            server_id: hours for server_id, hours in due.items() if hours
        }

    def _run(self, *, dry_run: bool = False, confirm: int | None = None) -> Run:
        """A run, and the oracle's judgement of every server that is gone after it."""
        world, before = self.world, dict(self._servers())
        run = carry_out(world.services, new_run(world.services, dry_run=dry_run, confirm=confirm), left=lambda: 60.0)
        gone = {server_id: before[server_id] for server_id in before.keys() - self._servers().keys()}
        assert not (dry_run and gone)
        assert len(gone) <= (max(3, len(before) // 5) if confirm is None else confirm)
        for server_id, fact in gone.items():
            self._judge(fact)
            self.swept[server_id] = fact, world.clock.now(), world.services.instances.get(_named(fact))
        if not dry_run and run.servers:
            self.seen.append((world.clock.now(), {each: fact.fingerprint for each, fact in before.items()}))
        return run

    def _judge(self, fact: ServerFact) -> None:
        """It bears all our marks, is half an hour old, no living row has it, and it was the same a while ago."""
        now = self.world.clock.now()
        ours = labels.server_labels(stack=self.world.stack.uuid, instance_id=_named(fact))
        assert fact.name == f"cc-{_named(fact)}"
        assert ours.items() <= dict(fact.labels).items()
        assert fact.server_id not in self.kept
        assert now - fact.created_at >= 30 * MINUTE
        assert fact.server_id not in {row.machine.server_id for row in self._living() if row.machine is not None}
        earlier = [seen for at, seen in self.seen if at <= now - 15 * MINUTE]
        assert fact.fingerprint in {seen.get(fact.server_id) for seen in earlier}

    def _dry_run_then_run(self) -> None:
        """What would be done is what is done in the same moment."""
        would = self._run(dry_run=True)
        done = self._run()
        if not would.errors and not done.errors:
            assert {each.server_id for each in would.did if each.what == "would delete"} == {
                each.server_id for each in done.did if each.what == "deleted"
            }

    def _with_another_token(self) -> None:
        """The project of somebody else: nothing is believed, so nothing is done and nobody is lost."""
        home = self.world.servers._token
        before = [row.id for row in self._living()]
        self.world.servers.use_token("another")
        run = carry_out(self.world.services, new_run(self.world.services), left=lambda: 60.0)
        self.world.servers.use_token(home)
        assert run.frozen is not None or run.errors
        assert [row.id for row in self._living()] == before

    def _add(self, what: str, age: timedelta) -> None:
        self.number += 1
        instance_id = f"{self.number:012x}"
        stack = FOREIGN_STACK if what == "stranger" else self.world.stack.uuid
        fact = ServerFact(
            server_id=90_000 + self.number,
            name="web" if what == "drifted" else labels.server_name(instance_id),
            labels=labels.server_labels(stack=stack, instance_id=instance_id),
            created_at=self.world.clock.now() - age,
            status="running",
            ip="198.18.9.9",
            server_type=KIND.name,
            location=KIND.offers[0].location,
        )
        self.world.servers.add(fact)
        if what != "orphan":
            self.kept.add(fact.server_id)

    def _row_goes(self, what: str, number: int) -> None:
        """Somebody's hand in the table: a row vanishes, or says that its machine is gone while it is there."""
        living = self._living()
        if not living:
            return
        row = living[number % len(living)]
        if what == "row lost":
            self.world.table.delete(instance_key(row.id))
            return
        now = self.world.clock.now()
        ended = replace(row, status=Status.DELETED, ended_at=now, status_since=now, due_at=None, notices=())
        self.world.services.instances.write(ended, before=row)

    def _server_changes(self, what: str, number: int) -> None:
        """Somebody's hand at the provider: another label, another name, or the server is taken away."""
        servers = self._servers()
        if not servers:
            return
        fact = servers[sorted(servers)[number % len(servers)]]
        if what == "touch":
            self.world.servers.alter(fact.server_id, labels={**fact.labels, "note": f"n{len(fact.labels)}"})
        elif what == "rename" and fact.server_id not in self._owned():
            self.world.servers.alter(fact.server_id, name="mine")
            self.kept.add(fact.server_id)
        elif what == "taken away":
            self.world.servers.vanish(fact.server_id)
            self.kept.discard(fact.server_id)

    def _servers(self) -> dict[int, ServerFact]:
        return self.world.servers.project.servers

    def _living(self) -> list[Instance]:
        found = [self.world.services.instances.get(row.id) for row in self.rows]
        return [row for row in found if row is not None and not row.terminal]

    def _owned(self) -> set[int]:
        return {row.machine.server_id for row in self._living() if row.machine is not None}

    def _hours(self, fact: ServerFact, gone_at: datetime, row: Instance | None) -> int:
        """The started hours until a server went, but for those up to its row's end."""
        whole = max(math.ceil((gone_at - fact.created_at) / HOUR), 1)
        if row is None or row.machine is None or row.machine.server_id != fact.server_id:
            return whole
        billed_until = row.delete_sent_at or row.ended_at or gone_at
        return whole - max(math.ceil((billed_until - fact.created_at) / HOUR), 1)


def _named(fact: ServerFact) -> str:
    return fact.labels.get(labels.INSTANCE, "")

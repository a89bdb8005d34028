"""Rows R of the fault matrix that need a crash at an exact point, or the provider's own words: reaping."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain import labels
from chalicelib.domain.errors import StoreUnavailable
from chalicelib.domain.instance import EndReason, Instance, Status
from chalicelib.domain.lifecycle import Queue
from chalicelib.operations.advance import advance
from chalicelib.operations.deprovision import deprovision
from chalicelib.operations.extend import extend
from chalicelib.operations.ports import RunState
from chalicelib.operations.show_runs import list_runs, show_run
from chalicelib.operations.tick import tick
from tests.fakes.clock import FakeClock
from tests.faults.dying import killed_at
from tests.simulation.emulated import EmulatedWorld
from tests.unit.domain.samples import HOUR, MINUTE
from tests.unit.operations.between import Between, meeting
from tests.unit.operations.world import World

SECOND = timedelta(seconds=1)
QUARTER = 15 * MINUTE


def at_its_end(world: World, *, hours: int = 1) -> Instance:
    """A machine at the second of its end, whose mails have left."""
    row = world.running(hours)
    assert row.expires_at is not None
    world.wait(row.expires_at - 9 * MINUTE - world.clock.now())
    world.clock.advance(9 * MINUTE)
    return world.row(row.id)


def server_of(row: Instance) -> int:
    """The id of an instance's server."""
    assert row.machine is not None
    return row.machine.server_id


def deletes(stack: EmulatedWorld) -> list[str]:
    """The paths of all DELETE requests."""
    return [sent.path for sent in stack.provider.sent if sent.method == "DELETE"]


class Answers:
    """Instances whose due index answers as a test says, in turn; then as it is."""

    def __init__(self, instances: Any, *answers: Any) -> None:
        self._instances = instances
        self._answers = list(answers)

    def __getattr__(self, name: str) -> Any:
        """Everything else is as it was."""
        return getattr(self._instances, name)

    def due(self, queue: Queue, until: Any, limit: int) -> list[str]:
        """One of the answers, or the index's own."""
        if not self._answers:
            found: list[str] = self._instances.due(queue, until, limit)
            return found
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return list(answer)


def test_r01_a_query_that_fails_ends_nothing_and_the_next_does(stack: EmulatedWorld) -> None:
    """Throttled: the tick fails, nothing is deleted; the next tick ends the machine (row R1)."""
    row = at_its_end(stack)
    instances: Any = Answers(stack.services.instances, StoreUnavailable("throttled"))
    with meeting(stack, instances=instances):
        with pytest.raises(StoreUnavailable):
            stack.tick()
        assert len(stack.mine()) == 1
        stack.wait(MINUTE)
    assert stack.row(row.id).status is Status.DELETED


def test_r01_two_runs_that_do_not_come_are_an_alarm_once_an_hour() -> None:
    """The newest finished run is older than two hours and a quarter: `reap.missed`, again after an hour (R1, R13)."""
    world = World()
    world.reap()
    for _ in range(9):
        world.wait(QUARTER)
    assert "reap.missed" not in world.alarms.events()
    for _ in range(8):
        world.wait(QUARTER)
    assert world.alarms.events().count("reap.missed") == 2
    world.reap()
    for _ in range(9):
        world.wait(QUARTER)
    assert world.alarms.events().count("reap.missed") == 2


def test_r02_an_index_that_lags_neither_saves_nor_ends_a_machine(stack: EmulatedWorld) -> None:
    """Not listed though over: the next tick; listed though extended: a fresh read, and it lives (row R2)."""
    row = at_its_end(stack)
    with meeting(stack, instances=Answers(stack.services.instances, [], [])):
        stack.tick()
        assert len(stack.mine()) == 1
        stack.wait(MINUTE)
    assert stack.row(row.id).status is Status.DELETED
    other = stack.running(2)
    assert other.expires_at is not None
    stack.clock.advance(other.expires_at - SECOND - stack.clock.now())
    extend(stack.services, other.id, hours=1, key="k")
    stack.follow_nudges()
    stack.clock.advance(2 * SECOND)
    with meeting(stack, instances=Answers(stack.services.instances, [other.id])):
        stack.tick()
    assert stack.row(other.id).status is Status.RUNNING
    assert [server.name for server in stack.mine()] == [other.name]


def test_r03_an_extend_between_the_read_and_the_claim_is_kept(stack: EmulatedWorld) -> None:
    """The reaper has read the row, the extend is written, the claim fails: the machine lives (row R3)."""
    row = at_its_end(stack)
    behind = replace(stack.services, clock=FakeClock(stack.clock.now() - SECOND))
    instances: Any = Between(stack.services.instances, "write", lambda: extend(behind, row.id, hours=1, key="k"), nth=2)
    with meeting(stack, instances=instances):
        stack.tick()
    assert stack.row(row.id).status is Status.RUNNING
    assert deletes(stack) == []


def test_r04_a_claim_whose_reply_was_lost_is_ones_own(stack: EmulatedWorld) -> None:
    """`deleting` is written and the answer lost: recognised by its name, and the end goes on at once (row R4)."""
    row = at_its_end(stack)

    def lose() -> None:
        stack.table.lose_next_reply()

    instances: Any = Between(stack.services.instances, "write", lose, nth=2)
    with meeting(stack, instances=instances):
        stack.tick()
    assert stack.row(row.id).status is Status.DELETED
    assert len(deletes(stack)) == 1


def test_r05_a_worker_that_died_between_its_claim_and_its_delete_is_followed(stack: EmulatedWorld) -> None:
    """`deleting` and the server lives: when the lease is over the next tick deletes it (row R5)."""
    row = at_its_end(stack)
    killed_at(stack, "servers", "delete", stack.tick, after=False)
    assert (stack.row(row.id).status, len(stack.mine())) == (Status.DELETING, 1)
    stack.wait(MINUTE)
    assert (stack.row(row.id).status, stack.mine()) == (Status.DELETED, [])


@pytest.mark.parametrize("fault", ["timeout_after_commit", "reset_after_commit", "truncated"])
def test_r06_a_delete_whose_reply_was_lost_is_seen_to_be_done(stack: EmulatedWorld, fault: str) -> None:
    """The server is gone and nobody said so: the look after it is a 404, and no second DELETE is sent (row R6)."""
    row = at_its_end(stack)
    stack.provider.fault(do=fault, method="DELETE")
    stack.tick()
    stack.wait(MINUTE)
    assert (stack.row(row.id).status, stack.mine(), len(deletes(stack))) == (Status.DELETED, [], 1)


def test_r07_a_worker_that_died_after_its_delete_leaves_a_row_that_ends(stack: EmulatedWorld) -> None:
    """Gone at the provider, `deleting` in the table: the next look is a 404; billed to the delete, not to the look."""
    row = at_its_end(stack)
    killed_at(stack, "servers", "delete", stack.tick, after=True)
    assert (stack.row(row.id).status, stack.mine()) == (Status.DELETING, [])
    stack.clock.advance(3 * HOUR)
    stack.tick()
    ended = stack.row(row.id)
    assert (ended.status, len(deletes(stack))) == (Status.DELETED, 1)
    (line,) = stack.provider.bill()
    assert ended.choice is not None
    assert stack.spend == round(ended.choice.hourly * line["hours"] * 1_000_000)


def test_r08_a_server_that_vanishes_before_its_delete_is_a_success(stack: EmulatedWorld) -> None:
    """Somebody deletes it between our look and our DELETE: 404, and the row ends without an error (row R8)."""
    row = at_its_end(stack)
    server_id = server_of(row)

    def vanish() -> None:
        stack.provider.ask(stack.token, "DELETE", f"/servers/{server_id}")

    servers: Any = Between(stack.services.servers, "delete", vanish)
    with meeting(stack, servers=servers):
        stack.tick()
    assert stack.row(row.id).status is Status.DELETED


@pytest.mark.parametrize(
    "fault",
    [
        {"do": "locked"},
        {"do": "conflict"},
        {"do": "rate_limited", "seconds": 5},
        {"do": "error", "status": 500, "code": "server_error"},
        {"do": "error", "status": 503, "code": "unavailable"},
        {"do": "html_502"},
    ],
    ids=lambda fault: str(fault["do"]) + str(fault.get("status", "")),
)
def test_r09_a_refused_delete_stays_deleting_and_goes_on(stack: EmulatedWorld, fault: dict[str, Any]) -> None:
    """Locked, conflict, throttled, 5xx: nothing is called gone, and a minute or two later it is (row R9)."""
    row = at_its_end(stack)
    stack.provider.fault(**fault, method="DELETE")
    stack.tick()
    assert (stack.row(row.id).status, len(stack.mine())) == (Status.DELETING, 1)
    stack.wait(MINUTE)
    stack.wait(MINUTE)
    assert (stack.row(row.id).status, stack.mine()) == (Status.DELETED, [])


def test_r10_protection_is_told_and_not_lifted(stack: EmulatedWorld) -> None:
    """Delete protection is the operator's: an alarm, no change of it, and the end when it is taken off (row R10)."""
    row = at_its_end(stack)
    change = f"/servers/{server_of(row)}/actions/change_protection"
    stack.provider.ask(stack.token, "POST", change, {"delete": True, "rebuild": True})
    for _ in range(20):
        stack.wait(MINUTE)
    assert "instance.delete_protected" in stack.alarms.events()
    assert len(stack.mine()) == 1
    assert not [sent for sent in stack.provider.sent if sent.path.endswith("protection")]
    stack.provider.ask(stack.token, "POST", change, {"delete": False, "rebuild": False})
    stack.settle(row.id, Status.DELETED, within=10 * MINUTE)


def test_r11_of_two_reapers_at_once_one_deletes(stack: EmulatedWorld) -> None:
    """The schedule came twice: at every request of the first a second runs through, and one DELETE is sent (R11)."""
    for nth in itertools.count(1):
        row = at_its_end(stack)
        plain, before = stack.services, len(deletes(stack))
        met: list[int] = []
        for method in ("get", "delete"):

            def second(services: Any = plain, seen: list[int] = met) -> None:
                seen.append(1)
                tick(services, left=lambda: 60.0)

            servers: Any = Between(plain.servers, method, second, nth=nth)
            with meeting(stack, servers=servers):
                stack.tick()
        stack.wait(MINUTE)
        assert stack.row(row.id).status is Status.DELETED
        assert len(deletes(stack)) - before == 1
        if not met:
            break
    assert nth > 1


def test_r12_a_run_that_is_cut_short_leaves_the_rest_to_the_next_oldest_first(stack: EmulatedWorld) -> None:
    """Time for seven of twenty: the seven that ended first are gone, and the next run does the rest (row R12)."""
    stack.services = replace(stack.services, limits=replace(stack.services.limits, max_live=50))
    rows = [stack.running(after=2 * SECOND) for _ in range(20)]
    first, last = rows[0].expires_at, rows[-1].expires_at
    assert first is not None
    assert last is not None
    stack.wait(first - 9 * MINUTE - stack.clock.now())
    stack.clock.advance(last - stack.clock.now())
    turns = itertools.count()
    tick(stack.services, left=lambda: 7.0 - next(turns))
    ended = [row.id for row in rows if stack.row(row.id).status is Status.DELETED]
    assert ended == [row.id for row in rows[:7]]
    stack.tick()
    assert stack.mine() == []


def test_r13_without_any_schedule_a_person_can_reap_and_is_told_of_the_absence(stack: EmulatedWorld) -> None:
    """The schedule is lost: `ccc reap` ends what is over; a tick that comes again raises `reap.missed` (row R13)."""
    row = at_its_end(stack)
    stack.reap()
    assert (stack.row(row.id).status, stack.mine()) == (Status.DELETED, [])
    for _ in range(11):
        stack.wait(QUARTER)
    assert "reap.missed" in stack.alarms.events()


def test_r14_an_id_that_belongs_to_somebody_elses_server_is_not_deleted(stack: EmulatedWorld) -> None:
    """The row holds a stranger's id: an alarm, the stranger stays, and our server is found by its name (row R14)."""
    row = stack.running()
    body = {"name": "theirs", "server_type": "cpx22", "location": "nbg1", "image": "ubuntu-24.04"}
    theirs = stack.provider.ask(stack.token, "POST", "/servers", body)["server"]["id"]
    assert row.machine is not None
    stack.services.instances.write(replace(row, machine=replace(row.machine, server_id=theirs)), before=row)
    deprovision(stack.services, row.id)
    stack.follow_nudges()
    assert stack.row(row.id).status is Status.DELETED
    assert "delete.not_ours" in stack.alarms.events()
    assert [server.id for server in stack.provider.servers()] == [theirs]
    assert deletes(stack) == [f"/servers/{server_of(row)}"]


@pytest.mark.parametrize(
    "change", [{"name": "renamed"}, {"labels": {labels.INSTANCE: "f" * 12}}], ids=["renamed", "relabelled"]
)
def test_r15_a_server_whose_name_or_label_drifted_is_kept_and_told_of_when_it_is_too_old(
    stack: EmulatedWorld, change: dict[str, Any]
) -> None:
    """Never deleted, neither by its row nor by a sweep; beyond the longest life somebody must look (row R15)."""
    row = stack.running()
    (server,) = stack.mine()
    wanted = {**change, "labels": {**server.labels, **change.get("labels", {})}}
    stack.provider.ask(stack.token, "PUT", f"/servers/{server.id}", wanted)
    deprovision(stack.services, row.id)
    stack.follow_nudges()
    for _ in range(4):
        stack.wait(QUARTER)
    assert "sweep.drifted" not in stack.alarms.events()
    stack.clock.advance(168 * HOUR)
    for _ in range(3):
        stack.wait(QUARTER)
    assert "sweep.drifted" in stack.alarms.events()
    assert (deletes(stack), len(stack.mine())) == ([], 1)


def test_r16_what_an_operator_attached_is_reported_and_never_deleted(stack: EmulatedWorld) -> None:
    """A volume and a floating address on a machine: named in the record of each run; nothing but it is deleted."""
    row = stack.running()
    hung = {"volumes": [4711], "public_net": {"floating_ips": [42]}}
    stack.provider.fault(do="mutate", method="GET", path="^/servers", times=0, each={"servers": hung})
    run = stack.reap()
    (found,) = [entry for entry in run.skipped if "attached" in entry.why]
    assert (found.instance_id, found.server_id) == (row.id, server_of(row))
    assert "volume 4711, floating address 42" in found.why
    deprovision(stack.services, row.id)
    stack.follow_nudges()
    assert deletes(stack) == [f"/servers/{server_of(row)}"]


@pytest.mark.parametrize("made", [False, True])
def test_r17_an_end_while_the_create_is_out_waits_and_looks_by_name(stack: EmulatedWorld, made: bool) -> None:
    """Whether the lost create made a server or not: no tombstone before it is over, and no server after it (R17)."""
    row = stack.with_builder()
    killed_at(stack, "servers", "create", lambda: advance(stack.services, row.id), after=made)
    deprovision(stack.services, row.id)
    created_until = stack.row(row.id).create_until
    assert created_until is not None
    while stack.clock.now() < created_until:
        assert stack.row(row.id).status is Status.DELETING
        stack.wait(30 * SECOND)
    stack.settle(row.id, Status.DELETED, within=3 * MINUTE)
    assert stack.mine() == []
    assert len(deletes(stack)) == int(made)


def test_r18_an_old_backup_of_the_whole_table_freezes_everything(stack: EmulatedWorld) -> None:
    """Rows that say `over`, rows that know nothing of living machines: no delete until an operator accepts (R18)."""
    old = stack.running()
    backup = dict(stack.table._items), dict(stack.table._counters)
    new = stack.running(24)
    extend(stack.services, old.id, hours=24, key="k")
    stack.reap()
    stack.clock.advance(2 * HOUR)
    stack.table._items, stack.table._counters = backup
    for _ in range(6):
        stack.wait(QUARTER)
        stack.reap()
    assert deletes(stack) == []
    assert {server.name for server in stack.mine()} == {old.name, new.name}
    assert stack.stack.frozen is not None
    assert "stack.frozen" in stack.alarms.events()


def test_r19_an_end_does_not_wait_for_any_mail(stack: EmulatedWorld) -> None:
    """The mailer raises at every letter: the machine is gone at its end, and its farewell is still owed (row R19)."""

    class Broken:
        def send(self, letter: object) -> None:
            """Nothing leaves."""
            raise OSError(f"no mail server for {type(letter).__name__}")

    broken: Any = Broken()
    row = stack.running()
    assert row.expires_at is not None
    with meeting(stack, mailer=broken):
        while stack.clock.now() < row.expires_at:
            stack.wait_quietly(min(5 * MINUTE, row.expires_at - stack.clock.now()))
        for _ in range(3):
            stack.wait_quietly(MINUTE)
    assert stack.mine() == []
    assert stack.row(row.id).end_reason is EndReason.EXPIRED


def test_r13_a_run_that_was_killed_is_shown_as_interrupted(stack: EmulatedWorld) -> None:
    """Killed in the middle: its record says what it had done, and after its function's time that it was cut off."""
    row = at_its_end(stack)
    killed_at(stack, "servers", "listed", stack.reap, after=False)
    (run,) = [run for run in list_runs(stack.services, limit=5) if run.state is RunState.RUNNING]
    assert [(entry.what, entry.instance_id) for entry in run.did] == [("ended", row.id)]
    stack.clock.advance(16 * MINUTE)
    assert show_run(stack.services, run.id).state is RunState.INTERRUPTED
    assert RunState.INTERRUPTED in {run.state for run in list_runs(stack.services, limit=5)}

"""Rows O of the fault matrix through the unmodified hcloud library: what is not ours, and lists that lie."""

from __future__ import annotations

import contextlib
import itertools
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain import labels
from chalicelib.domain.audit import SCHEDULE, Deed
from chalicelib.domain.errors import StoreUnavailable
from chalicelib.domain.instance import EndReason, Instance, Status
from chalicelib.operations import secrets_of
from chalicelib.operations.deprovision import deprovision
from chalicelib.operations.found_stack import found_stack
from chalicelib.operations.ports import Run, RunState
from chalicelib.operations.reap import run_requested
from chalicelib.operations.request_reap import request_reap
from chalicelib.operations.show_runs import list_runs
from chalicelib.storage.table import Item
from tests.faults.dying import killed_at
from tests.simulation.emulated import EmulatedWorld, Provider
from tests.unit.domain.samples import HOUR, MINUTE
from tests.unit.operations.between import Between, meeting
from tests.unit.operations.whole_table import WholeTable
from tests.unit.operations.world import World

QUARTER = 15 * MINUTE


def orphan(stack: EmulatedWorld, number: int = 1, **changes: Any) -> int:
    """A server with all our labels that no row owns; the id the provider gave it."""
    instance_id = f"{number:012x}"
    body = {
        "name": labels.server_name(instance_id),
        "labels": labels.server_labels(stack=stack.stack.uuid, instance_id=instance_id),
        "server_type": "cpx22",
        "location": "nbg1",
        "image": "ubuntu-24.04",
    }
    return int(stack.provider.ask(stack.token, "POST", "/servers", {**body, **changes})["server"]["id"])


def reaped(stack: EmulatedWorld, times: int = 4) -> list[Run]:
    """So many runs of the reaper, a quarter of an hour apart."""
    runs = []
    for _ in range(times):
        runs.append(stack.reap())
        stack.clock.advance(QUARTER)
    return runs


def deletes(stack: EmulatedWorld) -> list[str]:
    """The paths of all DELETE requests that this stack sent."""
    return [sent.path for sent in stack.provider.sent if sent.method == "DELETE" and sent.token == stack.token]


def alive(stack: EmulatedWorld, *rows: Instance) -> None:
    """These instances run, and each has its server."""
    assert [stack.row(row.id).status for row in rows] == [Status.RUNNING] * len(rows)
    assert {row.name for row in rows} <= {server.name for server in stack.mine()}
    assert [stack.row(row.id).missing_since for row in rows] == [None] * len(rows)


@pytest.mark.parametrize("fault", ["error", "html_502", "truncated", "reset_before_commit"])
def test_o01_a_page_that_fails_aborts_the_whole_run(stack: EmulatedWorld, fault: str) -> None:
    """The second page of the list is not to be had: no verdict, no delete, no loss, and the run says so (row O1)."""
    row = stack.running(24)
    for number in range(55):
        orphan(stack, number)
    stack.clock.advance(HOUR)
    for _ in range(3):
        stack.provider.fault(do=fault, method="GET", path="^/servers$", skip=1, times=2)
        run = stack.reap()
        assert run.state is RunState.FAILED
        assert run.did == ()
        stack.provider.orders.clear()
        stack.clock.advance(QUARTER)
    alive(stack, row)
    assert (deletes(stack), len(stack.mine())) == ([], 56)
    assert stack.services.runs.sightings() == {}


@pytest.mark.parametrize("shown", [[], None], ids=["empty", "without its entries"])
def test_o02_a_list_that_lies_proves_nothing(stack: EmulatedWorld, shown: list[object] | None) -> None:
    """200 and an empty list, for hours, with living machines: they are asked for by id, and nobody is lost (row O2)."""
    rows = [stack.running(24), stack.running(24)]
    lie = {"set": [{"path": "/servers", "value": shown}]}
    stack.provider.fault(do="mutate", method="GET", path="^/servers$", times=0, **lie)
    for _ in range(8):
        stack.wait_quietly(QUARTER)
        stack.reap()
    alive(stack, *rows)
    assert deletes(stack) == []


def test_o02_an_old_list_deletes_nothing_that_lives(stack: EmulatedWorld) -> None:
    """A list as it was before the newest machines and with those that are gone: each is asked for anew (row O2)."""
    old = stack.running(24)
    stack.clock.advance(QUARTER)
    new = stack.running(24)
    deprovision(stack.services, old.id)
    stack.follow_nudges()
    stack.provider.fault(do="list_lag", method="GET", path="^/servers$", times=0, seconds=900)
    reaped(stack)
    alive(stack, new)
    assert deletes(stack) == [f"/servers/{old.machine.server_id}" for _ in range(1) if old.machine]


def test_o03_the_row_is_there_before_the_server_is_ordered(stack: EmulatedWorld) -> None:
    """In the moment of the POST the row is written and says `creating`; a sweep just then keeps the server (row O3)."""
    row = stack.order().instance
    seen: list[Status] = []

    def look() -> None:
        seen.append(stack.row(row.id).status)
        stack.reap()
        stack.clock.advance(timedelta(seconds=1))
        stack.reap()

    servers: Any = Between(stack.services.servers, "create", look, after=True)
    plain = stack.services
    with meeting(stack, servers=servers):
        stack.follow_nudges()
    stack.services = plain
    assert seen == [Status.CREATING]
    assert [server.name for server in stack.mine()] == [row.name]


def test_o03_a_young_server_without_a_row_is_not_judged(stack: EmulatedWorld) -> None:
    """Whatever no row owns is left alone for half an hour, however often it is seen (row O3)."""
    orphan(stack)
    for _ in range(2):
        stack.clock.advance(14 * MINUTE)
        stack.reap()
    assert stack.services.runs.sightings() == {}
    assert len(stack.mine()) == 1


def test_o04_a_table_of_another_stage_touches_nothing(stack: EmulatedWorld, provider: Provider) -> None:
    """Founded elsewhere, with a token of this project: no marker of its uuid, so it refuses before it lists (O4)."""
    row = stack.running(24)
    stranger = EmulatedWorld(provider, name="elsewhere")
    stranger.token = stack.token
    provider.sent.clear()
    runs = reaped(stranger)
    assert all(run.frozen is not None for run in runs)
    assert {(sent.method, sent.path.split("/")[1]) for sent in provider.sent} == {("GET", "ssh_keys")}
    alive(stack, row)


def test_o04_an_empty_table_touches_nothing(stack: EmulatedWorld) -> None:
    """A table without a stack item, wrong region or wrong name: no request at all, and a failed run (row O4)."""
    row = stack.running(24)
    plain = stack.services
    empty = WholeTable()
    lost = World()
    lost.table = empty
    lost.clock = stack.clock
    stack.provider.sent.clear()
    stack.services = replace(lost._services(), servers=plain.servers)
    run = stack.reap()
    assert run.state is RunState.FAILED
    assert stack.provider.sent == []
    stack.services = plain
    alive(stack, row)


def test_o04_an_empty_table_that_is_founded_anew_does_not_take_over(stack: EmulatedWorld) -> None:
    """A second founding has a uuid of its own: the servers of the first stack are invisible to it (row O4)."""
    row = stack.running(24)
    plain = stack.services
    other = World()
    other.table, other.clock, other.ids = WholeTable(), stack.clock, type(stack.ids)("new")
    stack.services = replace(other._services(), servers=plain.servers, identities=stack.identities)
    found_stack(stack.services)
    stack.clock.advance(HOUR)
    runs = reaped(stack)
    assert [(run.servers, run.did) for run in runs] == [(0, ())] * 4
    stack.services = plain
    alive(stack, row)


def test_o05_two_stacks_in_one_project_do_not_see_each_other(stack: EmulatedWorld, provider: Provider) -> None:
    """One token, two tables: each sweeps its own orphan and leaves the other's machine and orphan alone (row O5)."""
    other = EmulatedWorld(provider, stack.token, name="other")
    mine, theirs = stack.running(24), other.running(24)
    for each in (stack, other):
        orphan(each, 1 if each is stack else 2)
    stack.clock.advance(HOUR)
    runs = reaped(stack)
    assert {run.servers for run in runs} <= {1, 2}
    assert [server.name for server in stack.mine()] == [mine.name]
    assert len(other.mine()) == 2
    reaped(other)
    alive(stack, mine)
    alive(other, theirs)
    assert len(other.mine()) == 1


def test_o06_an_operators_own_servers_are_invisible(stack: EmulatedWorld) -> None:
    """Without labels, with labels of their own, with half of ours: never listed, never asked for (row O6)."""
    bare = [
        orphan(stack, number, name=f"db-{number}", labels=shown)
        for number, shown in enumerate(({}, {"env": "prod"}, {"managed-by": "ccc"}, {"ccc-stack": stack.stack.uuid}))
    ]
    stack.clock.advance(HOUR)
    runs = reaped(stack)
    assert {run.servers for run in runs} == {0}
    assert deletes(stack) == []
    assert {server.id for server in stack.provider.servers()} == set(bare)


def test_o07_copied_labels_make_no_server_ours(stack: EmulatedWorld) -> None:
    """All labels of a machine on a server of another name: kept for good, and told of beyond the longest life (O7)."""
    row = stack.running(24)
    copied = labels.server_labels(stack=stack.stack.uuid, instance_id=row.id)
    theirs = orphan(stack, name="db-main", labels=copied)
    stack.clock.advance(HOUR)
    run = reaped(stack)[-1]
    (entry,) = [entry for entry in run.skipped if entry.server_id == theirs]
    assert entry.why == "its name and labels do not agree: not ours to judge"
    stack.clock.advance(168 * HOUR)
    reaped(stack)
    assert theirs in {server.id for server in stack.provider.servers()}
    assert f"/servers/{theirs}" not in deletes(stack)
    assert "sweep.drifted" in stack.alarms.events()


def test_o08_sightings_that_are_lost_make_a_sweep_wait_longer(stack: EmulatedWorld) -> None:
    """Seen once, then the notes are gone: the doubt begins anew, later and never earlier (row O8)."""
    server_id = orphan(stack)
    stack.clock.advance(HOUR)
    stack.reap()
    stack.services.runs.sight([], [server_id])
    stack.clock.advance(QUARTER)
    stack.reap()
    assert deletes(stack) == []
    stack.clock.advance(QUARTER)
    stack.reap()
    assert deletes(stack) == [f"/servers/{server_id}"]


def test_o09_more_orphans_than_the_cap_freeze_the_run_until_somebody_confirms(stack: EmulatedWorld) -> None:
    """Four of four: none is deleted and an alarm raised; `--confirm 2` deletes two, and says what it held back (O9)."""
    for number in range(4):
        orphan(stack, number)
    stack.clock.advance(HOUR)
    frozen = reaped(stack)[-1]
    assert frozen.frozen is not None
    assert deletes(stack) == []
    assert "sweep.too_many" in stack.alarms.events()
    asked = request_reap(stack.services, dry_run=False, confirm=2)
    run_requested(stack.services, asked.id)
    run = stack.services.runs.get(asked.id)
    assert run is not None
    assert len(deletes(stack)) == 2
    assert [entry.why for entry in run.skipped if entry.what == "held back"] == [
        "more than this run was allowed to act on"
    ] * 2


def doomed(stack: EmulatedWorld, count: int = 1) -> list[int]:
    """So many orphans that the next run deletes, in the order of their ids."""
    found = [orphan(stack, number) for number in range(count)]
    stack.clock.advance(HOUR)
    stack.reap()
    stack.clock.advance(QUARTER)
    return found


def told(run: Run) -> list[tuple[str, int | None]]:
    """What the record says was done to which server."""
    return [(entry.what, entry.server_id) for entry in run.did]


@pytest.mark.parametrize(
    ("port", "method", "nth", "after", "last"),
    [
        ("servers", "delete", 2, False, "began to delete"),
        ("servers", "delete", 2, True, "began to delete"),
        ("audit", "record", 2, False, "began to delete"),
        ("runs", "save", 4, False, "began to delete"),
        ("runs", "save", 4, True, "deleted"),
    ],
)
def test_o10_a_sweep_that_is_killed_tells_what_it_did(
    stack: EmulatedWorld, port: str, method: str, nth: int, after: bool, last: str
) -> None:
    """Killed around its second delete: its record has the first, and says of the second what is known (row O10)."""
    one, two = doomed(stack, 2)
    killed_at(stack, port, method, stack.reap, after=after, nth=nth)
    stack.clock.advance(QUARTER + MINUTE)
    (killed,) = [run for run in list_runs(stack.services, limit=9) if run.state is RunState.INTERRUPTED]
    assert told(killed) == [("deleted", one), (last, two)]
    assert all(entry.why == "no row owns it; seen twice, unchanged" for entry in killed.did)
    runs = reaped(stack)
    assert sorted(deletes(stack)) == [f"/servers/{one}", f"/servers/{two}"]
    assert [run.state for run in runs] == [RunState.DONE] * 4
    # what was begun and not done is done, and told, by the next
    assert [each for run in runs for each in told(run)] == (
        [("deleted", two)] if (nth, after) == (2, False) and port == "servers" else []
    )


@pytest.mark.parametrize("fault", ["listed rows", "losses", "a bug"])
def test_o10_an_error_after_a_delete_leaves_it_in_the_record(stack: EmulatedWorld, fault: str) -> None:
    """One orphan is deleted, then the same sweep fails: the run has failed, and says that it deleted (row O10)."""
    (server_id,) = doomed(stack)
    row = stack.running(24)
    assert row.machine is not None
    stack.provider.ask(stack.token, "DELETE", f"/servers/{row.machine.server_id}")

    def fail() -> None:
        if fault == "a bug":
            raise ZeroDivisionError
        raise StoreUnavailable("throttled")

    method = "write" if fault == "losses" else "get"
    nth = 1 if fault == "losses" else 2
    failing: Any = Between(stack.services.instances, method, fail, nth=nth)
    with meeting(stack, instances=failing), contextlib.suppress(ZeroDivisionError):
        stack.reap()
    run = stack.services.runs.newest(1)[0]
    assert run.state is RunState.FAILED
    assert ("deleted", server_id) in told(run)
    assert run.errors[-1].startswith("ZeroDivisionError" if fault == "a bug" else "store_unavailable")


def test_o10_a_delete_without_an_answer_is_told_as_begun(stack: EmulatedWorld) -> None:
    """The provider deleted, and its answer was lost: the record says that nobody knows; a refusal had no effect."""
    one, two = doomed(stack, 2)
    stack.provider.fault(do="timeout_after_commit", method="DELETE", path=f"/servers/{one}$", times=5)
    stack.provider.fault(do="error", status=423, code="locked", method="DELETE", path=f"/servers/{two}$", times=5)
    run = stack.reap()
    assert told(run) == [("began to delete", one)]
    assert [error.partition(":")[0] for error in run.errors] == [f"server {one}", f"server {two}"]


def test_o10_what_a_sweep_deletes_is_in_the_audit(stack: EmulatedWorld) -> None:
    """Found by the day and by the instance that the label names, with the server's number and nobody's name."""
    (server_id,) = doomed(stack)
    stack.reap()
    (entry,) = stack.services.audit.of_instance(f"{0:012x}", 10)
    assert (entry.did, entry.about, entry.actor) == (Deed.ORPHAN_DELETED, f"server {server_id}", SCHEDULE)
    assert entry in stack.services.audit.of_day(stack.clock.now().date(), 10)


def test_o11_a_machine_deleted_by_hand_is_lost_after_two_looks(stack: EmulatedWorld) -> None:
    """One 404 is a note, the second five minutes later ends it: mail, quota and the hours given back (row O11)."""
    row = stack.running(24)
    assert row.machine is not None
    stack.provider.ask(stack.token, "DELETE", f"/servers/{row.machine.server_id}")
    stack.reap()
    assert stack.row(row.id).status is Status.RUNNING
    stack.clock.advance(5 * MINUTE)
    stack.reap()
    stack.wait(MINUTE)
    ended = stack.row(row.id)
    assert (ended.status, ended.end_reason) == (Status.DELETED, EndReason.LOST)
    assert (stack.live, deletes(stack)) == (0, [])
    assert stack.mails() == ["ready", "ended"]


def test_o11_a_404_from_weeks_ago_is_not_the_first_of_two(stack: EmulatedWorld) -> None:
    """A 404 that a later list contradicts is forgotten: one more, hours later, is again the first (row O11)."""
    row = stack.running(24)
    assert row.machine is not None
    path = f"^/servers/{row.machine.server_id}$"
    gone = {"do": "error", "status": 404, "code": "not_found", "message": "server not found"}
    for _ in range(2):
        stack.provider.fault(do="mutate", method="GET", path="^/servers$", set=[{"path": "/servers", "value": []}])
        stack.provider.fault(**gone, method="GET", path=path)
        stack.reap()
        assert stack.row(row.id).missing_since is not None
        stack.clock.advance(QUARTER)
        stack.reap()
        assert stack.row(row.id).missing_since is None
        stack.clock.advance(2 * HOUR)
    alive(stack, row)


def test_o12_with_the_token_of_another_project_nothing_is_believed(stack: EmulatedWorld) -> None:
    """Every list is empty, every id a 404: rows stay as they are, due or not, until the right token is back (O12)."""
    living, over = stack.running(72), stack.running(1)
    right, stack.token = stack.token, stack.provider.new_project()
    stack.clock.advance(3 * HOUR)
    for _ in range(6):
        stack.wait_quietly(QUARTER)
        stack.reap()
    assert stack.row(living.id).missing_since is None
    assert stack.row(over.id).status is Status.DELETING
    assert {"sweep.refused", "delete.refused"} <= set(stack.alarms.events())
    assert "DELETE" not in {sent.method for sent in stack.provider.sent}
    stack.token = right
    stack.settle(over.id, Status.DELETED, within=5 * MINUTE)
    alive(stack, living)


def test_o13_a_rotated_secret_leaves_living_machines_their_keys(stack: EmulatedWorld) -> None:
    """The row says which secret it was made with: manage token and host key stay the same until it is gone (O13)."""
    row = stack.running(24)
    before = secrets_of.manage_token(stack.services, row)
    stack.keyring.rotate()
    assert secrets_of.manage_token(stack.services, stack.row(row.id)) == before
    assert stack.row(row.id).host_key == row.host_key
    assert stack.running(1).secret_id != row.secret_id


def test_o14_a_row_that_always_raises_does_not_keep_others_from_their_end(stack: EmulatedWorld) -> None:
    """A row of an unknown schema and one that raises lead both queues: the machine behind them ends in time (O14)."""
    row = stack.running()
    now = int(stack.clock.now().timestamp())
    for number, queue in enumerate(("delete", "work")):
        body = {"schema": 99}
        key = f"instance#{number:012x}"
        stack.table.put(Item(key=key, body=body, due_queue=queue, due_at=now - 10**6))
    raising = stack.order(key="raising").instance
    stack.nudge.take()
    stack.services.instances.write(replace(raising, secret_id="unknown"), before=raising)
    assert row.expires_at is not None
    stack.clock.advance(row.expires_at - stack.clock.now())
    stack.wait_quietly(timedelta(0))
    assert stack.row(row.id).status is Status.DELETED
    assert stack.mine() == []


def test_o01_without_its_rows_a_sweep_ends_nothing(stack: EmulatedWorld) -> None:
    """The table throttles in the middle of the reading of rows: the run fails, and nothing was deleted (O1, Z4)."""
    orphan(stack)
    row = stack.running(24)
    stack.clock.advance(HOUR)
    stack.reap()
    for nth in itertools.count(1):
        stack.clock.advance(QUARTER)

        def fail() -> None:
            raise StoreUnavailable("throttled")

        instances: Any = Between(stack.services.instances, "get", fail, nth=nth)
        before = len(deletes(stack))
        with meeting(stack, instances=instances):
            run = stack.reap()
        if run.state is RunState.DONE:
            break
        assert len(deletes(stack)) == before
    assert nth > 1
    alive(stack, row)

"""Rows O4 to O7 and O12 of the fault matrix: servers, tables and tokens of others, and what must not be touched."""

from __future__ import annotations

from dataclasses import replace

from chalicelib.domain import labels
from chalicelib.domain.instance import Status
from chalicelib.operations.found_stack import found_stack
from chalicelib.operations.ports import RunState
from tests.faults.sweeping import QUARTER, alive, deletes, orphan, reaped
from tests.simulation.emulated import EmulatedWorld, Provider
from tests.unit.domain.samples import HOUR, MINUTE
from tests.unit.operations.whole_table import WholeTable
from tests.unit.operations.world import World


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

"""Rows R10, R14 to R16 and R18 of the fault matrix: what a reaper meets and must leave alone, and tell of."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain import labels
from chalicelib.domain.instance import Status
from chalicelib.operations.deprovision import deprovision
from chalicelib.operations.extend import extend
from tests.faults.ending import QUARTER, at_its_end, deletes, server_of
from tests.simulation.emulated import EmulatedWorld
from tests.unit.domain.samples import HOUR, MINUTE


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

"""Rows O1, O2 and O11 of the fault matrix: lists and answers that are missing, false or old prove nothing alone."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from chalicelib.domain.errors import StoreUnavailable
from chalicelib.domain.instance import EndReason, Status
from chalicelib.operations.deprovision import deprovision
from chalicelib.operations.ports import RunState
from tests.faults.sweeping import QUARTER, alive, deletes, orphan, reaped
from tests.simulation.emulated import EmulatedWorld
from tests.unit.domain.samples import HOUR, MINUTE
from tests.unit.operations.between import Between, meeting


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

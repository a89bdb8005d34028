"""Rows R4 to R9 and R17 of the fault matrix: a delete that dies, is refused or loses its reply is done in the end."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.instance import Status
from chalicelib.operations.advance import advance
from chalicelib.operations.deprovision import deprovision
from tests.faults.dying import killed_at
from tests.faults.ending import SECOND, at_its_end, deletes, server_of
from tests.simulation.emulated import EmulatedWorld
from tests.unit.domain.samples import HOUR, MINUTE
from tests.unit.operations.between import Between, meeting


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

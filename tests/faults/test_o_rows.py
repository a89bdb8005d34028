"""Rows O of the fault matrix through the unmodified hcloud library: what no row owns, and when it may go.

Lists that lie are in `test_lying_lists.py`, what is somebody else's in `test_not_ours.py`, and what the record tells of
a run that was cut short in `test_interrupted_sweeps.py`.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from chalicelib.domain.instance import Status
from chalicelib.operations import secrets_of
from chalicelib.operations.reap import run_requested
from chalicelib.operations.request_reap import request_reap
from chalicelib.storage.table import Item
from tests.faults.sweeping import QUARTER, deletes, orphan, reaped
from tests.simulation.emulated import EmulatedWorld
from tests.unit.domain.samples import HOUR, MINUTE
from tests.unit.operations.between import Between, meeting


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

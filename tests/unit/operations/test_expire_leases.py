"""Free all rows whose holders are known to be dead."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from chalicelib.domain.instance import Status
from chalicelib.domain.lifecycle import Queue
from chalicelib.operations.expire_leases import expire_leases
from tests.unit.operations.between import Between
from tests.unit.operations.world import World


def test_held_rows_are_free_and_due_at_once() -> None:
    """Rows under a lease are due now; the others are not touched."""
    world = World()
    stuck, free = world.order().instance, world.running()
    world.held(stuck.id)
    free = world.row(free.id)
    assert expire_leases(world.services) == 1
    assert world.row(free.id) == free
    assert world.row(stuck.id).lease_id is None
    assert world.services.instances.due(Queue.WORK, world.clock.now(), 10) == [stuck.id]
    world.tick()
    assert world.row(stuck.id).status is Status.INSTALLING


def test_all_pages_are_looked_through() -> None:
    """More rows than a page holds are all freed."""
    world = World(max_live=300)
    ids = [world.order(server_type="cpx11").instance.id for _ in range(205)]
    for instance_id in ids:
        world.held(instance_id)
    assert expire_leases(world.services) == 205
    assert all(world.row(instance_id).lease_id is None for instance_id in ids)


def test_a_row_that_a_living_worker_changes_is_left_to_it() -> None:
    """Somebody was faster: then that row is not stuck."""
    world = World()
    row = world.order().instance
    world.held(row.id)
    instances: Any = Between(world.services.instances, "write", lambda: _touch(world, row.id))
    assert expire_leases(replace(world.services, instances=instances)) == 0
    assert world.row(row.id).lease_id == "somebody else"


def _touch(world: World, instance_id: str) -> None:
    row = world.row(instance_id)
    world.services.instances.write(replace(row, lease_id="somebody else"), before=row)


def test_rows_that_wait_for_a_build_are_looked_at_again() -> None:
    """The builders may have died with everything else: an install is due at once, held or not."""
    world = World()
    row = world.installing()
    world.clock.advance(timedelta(seconds=5))
    assert world.services.instances.due(Queue.WORK, world.clock.now(), 10) == []
    assert expire_leases(world.services) == 1
    assert world.services.instances.due(Queue.WORK, world.clock.now(), 10) == [row.id]

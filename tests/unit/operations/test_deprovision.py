"""End an instance at somebody's wish, in every status and whatever else goes on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain.errors import NotFound
from chalicelib.domain.instance import EndReason, Status
from chalicelib.domain.lifecycle import Queue
from chalicelib.operations.advance import advance
from chalicelib.operations.deprovision import deprovision
from chalicelib.operations.extend import extend
from tests.unit.domain.samples import MINUTE, an_instance
from tests.unit.operations.between import Between
from tests.unit.operations.world import World


def test_a_running_machine_is_deleted_at_once() -> None:
    """The wish is answered with `deleting`; the nudge deletes the server, gives the hours back and says farewell."""
    world = World()
    row = world.running(5)
    ending = deprovision(world.services, row.id)
    assert (ending.status, ending.end_reason) == (Status.DELETING, EndReason.RELEASED)
    assert world.services.instances.due(Queue.DELETE, world.clock.now(), 10) == [row.id]
    world.follow_nudges()
    assert world.row(row.id).status is Status.DELETED
    assert world.servers.project.servers == {}
    assert (world.spend, world.live) == (38_100, 0)
    assert world.mails() == ["ready", "ended"]


def test_d2_a_second_wish_changes_nothing() -> None:
    """Asked again, the answer is the row as it is: `deleting`, and later `deleted` (row D2)."""
    world = World()
    row = world.running()
    first = deprovision(world.services, row.id)
    assert deprovision(world.services, row.id) == first
    world.follow_nudges()
    gone = deprovision(world.services, row.id)
    assert (gone.status, gone) == (Status.DELETED, world.row(row.id))


def test_an_order_that_nobody_has_begun_is_ended_without_a_request() -> None:
    """A `requested` row ends without any call to the provider, and all its money comes back."""
    world = World()
    row = world.order().instance
    deprovision(world.services, row.id)
    world.follow_nudges()
    assert world.row(row.id).status is Status.DELETED
    assert world.requests() == []
    assert (world.spend, world.live) == (0, 0)


def test_an_unconfirmed_row_is_forgotten_without_a_mail() -> None:
    """A stranger's wish ends at once and owes nothing."""
    world = World()
    row = world.put(an_instance(Status.UNCONFIRMED, holds=()))
    assert deprovision(world.services, row.id).status is Status.DELETED
    world.follow_nudges()
    world.tick()
    ended = world.row(row.id)
    assert (ended.due_at, ended.notices, ended.holds) == (None, (), ())
    assert (world.live, world.mails()) == (0, [])


def test_d3_during_the_install_the_builder_is_stopped_and_the_server_deleted() -> None:
    """The build is told to stop, and its server goes (row D3)."""
    world = World()
    row = world.installing()
    deprovision(world.services, row.id)
    world.follow_nudges()
    assert world.row(row.id).status is Status.DELETED
    assert world.installer.running() == 0
    assert world.servers.project.servers == {}
    assert world.mails() == ["ended"]


def test_p14_a_create_that_succeeds_after_the_wish_is_deleted() -> None:
    """The server is born while its row is ended: the machine is recorded all the same, and deleted (row P14)."""
    world = World()
    row = world.with_builder()
    servers: Any = Between(world.servers, "create", lambda: deprovision(world.services, row.id))
    advance(replace(world.services, servers=servers), row.id)
    ended = world.row(row.id)
    assert ended.machine is not None
    assert ended.status is Status.DELETED
    assert world.requests() == ["create", "get", "delete", "get"]
    assert world.servers.project.servers == {}
    assert (world.live, world.spend) == (0, 38_100)


def test_r17_a_worker_that_died_in_its_create_leaves_a_server_that_is_found_by_name() -> None:
    """Ended while a create may be on its way: nothing is believed until it must be over, then it is found (row R17)."""
    world = World()
    row = world.with_builder()

    class Killed(BaseException):
        """The worker is gone."""

    def kill() -> None:
        raise Killed

    servers: Any = Between(world.servers, "create", kill, after=True)
    with pytest.raises(Killed):
        advance(replace(world.services, servers=servers), row.id)
    assert len(world.servers.project.servers) == 1
    deprovision(world.services, row.id)
    world.follow_nudges()
    held = world.row(row.id)
    assert held.status is Status.DELETING
    assert held.create_until is not None
    world.clock.advance(held.create_until - world.clock.now() - MINUTE / 60)
    world.tick()
    assert "find" not in world.requests()
    world.wait(MINUTE)
    assert world.row(row.id).status is Status.DELETED
    assert world.requests() == ["create", "find", "get", "delete", "get"]
    assert world.servers.project.servers == {}


def test_d4_a_wish_that_meets_an_extend_ends_the_machine() -> None:
    """The end was moved in between: the owner's wish still counts (row D4)."""
    world = World()
    row = world.running()
    instances: Any = Between(
        world.services.instances, "write", lambda: extend(world.services, row.id, hours=1, key="k")
    )
    assert deprovision(replace(world.services, instances=instances), row.id).status is Status.DELETING
    world.follow_nudges()
    assert world.row(row.id).status is Status.DELETED
    assert world.spend == 38_100


def test_d1_a_lost_reply_to_our_own_write_is_a_success() -> None:
    """The wish was written and the reply was lost: it is recognised (row R4)."""
    world = World()
    row = world.running()
    world.table.lose_next_reply()
    assert deprovision(world.services, row.id).status is Status.DELETING


def test_a_row_that_somebody_holds_is_ended_by_its_holder() -> None:
    """The wish does not take the lease away; when the holder is gone the lease runs out and the row goes on."""
    world = World()
    row = world.running()
    world.held(row.id)
    deprovision(world.services, row.id)
    world.follow_nudges()
    assert world.row(row.id).status is Status.DELETING
    world.wait(MINUTE)
    assert world.row(row.id).status is Status.DELETED


def test_an_unknown_id_is_not_found() -> None:
    """There is nothing to end."""
    with pytest.raises(NotFound):
        deprovision(World().services, "ffffffffffff")

"""Machines that rows believe in and nobody has: two 404s, five minutes apart, with the marker."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.errors import ProviderUnknown
from chalicelib.domain.instance import EndReason, Instance, Status
from chalicelib.operations.extend import extend
from chalicelib.operations.logbook import Logbook
from chalicelib.operations.ports import Run
from chalicelib.operations.request_reap import new_run
from chalicelib.operations.sweep import sweep
from tests.unit.domain.samples import MINUTE
from tests.unit.operations.between import Between, meeting
from tests.unit.operations.world import World


def swept(world: World, **changes: Any) -> Run:
    """One sweep, with all the time it wants."""
    book = Logbook(world.services.runs, replace(new_run(world.services), **changes))
    sweep(world.services, book, left=lambda: 60.0)
    return book.run


def vanished(world: World, count: int = 1) -> list[Instance]:
    """Machines that run in the table and are gone at the provider."""
    rows = [world.running(24) for _ in range(count)]
    for row in rows:
        assert row.machine is not None
        world.servers.vanish(row.machine.server_id)
    return rows


def test_o11_a_machine_is_lost_after_two_404s() -> None:
    """First 404: noted; five minutes later again: deleting (lost), the hours given back, a farewell (row O11)."""
    world = World()
    (row,) = vanished(world)
    now = world.clock.now()
    swept(world)
    assert (world.row(row.id).status, world.row(row.id).missing_since) == (Status.RUNNING, now)
    world.clock.advance(5 * MINUTE)
    swept(world)
    assert (world.row(row.id).status, world.row(row.id).end_reason) == (Status.DELETING, EndReason.LOST)
    world.tick()
    assert world.row(row.id).status is Status.DELETED
    assert world.mails() == ["ready", "ended"]
    assert (world.spend, world.live) == (38_100, 0)


def test_a_404_is_not_believed_when_the_marker_is_gone_meanwhile() -> None:
    """The sweep's own marker answer may be a minute old by then: each loss is held against a fresh one (rule R11)."""
    world = World()
    (row,) = vanished(world)
    swept(world)
    world.clock.advance(5 * MINUTE)
    servers: Any = Between(world.services.servers, "listed", lambda: _later_without_marker(world))
    with meeting(world, servers=servers):
        run = swept(world)
    assert world.row(row.id).status is Status.RUNNING
    assert "not believed" in run.skipped[-1].why


def _later_without_marker(world: World) -> None:
    """More than a minute passes, and somebody removes the marker."""
    world.clock.advance(2 * MINUTE)
    stack = world.services.stack.get()
    assert stack is not None
    assert stack.marker_id is not None
    world.servers.remove_key(stack.marker_id)


def test_r16_two_404s_in_less_than_five_minutes_prove_nothing() -> None:
    """The second look must be five minutes after the first (rule R16)."""
    world = World()
    (row,) = vanished(world)
    swept(world)
    world.clock.advance(5 * MINUTE - timedelta(seconds=1))
    run = swept(world)
    assert world.row(row.id).status is Status.RUNNING
    assert "less than" in run.skipped[0].why


def test_o2_a_list_without_a_server_proves_nothing() -> None:
    """An empty list with a living machine: it is asked for by its id, and stays (row O2)."""
    world = World()
    row = world.running(24)
    world.servers.project.last_list = ()
    world.servers.serve_stale_list(5)
    for _ in range(3):
        run = swept(world)
        world.clock.advance(5 * MINUTE)
    assert world.row(row.id) == row
    assert run.skipped[0].why == "not in the list, but there when asked for by its id"


def test_a_machine_that_is_there_again_is_no_longer_missing() -> None:
    """One 404 between two sights is forgotten."""
    world = World()
    row = world.running(24)
    assert row.machine is not None
    fact = world.servers.project.servers[row.machine.server_id]
    world.servers.vanish(fact.server_id)
    swept(world)
    world.servers.add(fact)
    world.servers.project.last_list = ()
    world.servers.serve_stale_list()
    world.clock.advance(5 * MINUTE)
    swept(world)
    assert (world.row(row.id).status, world.row(row.id).missing_since) == (Status.RUNNING, None)


@pytest.mark.parametrize(("count", "noted"), [(3, 3), (4, 0)])
def test_too_many_losses_are_a_sign_of_our_own_mistake(count: int, noted: int) -> None:
    """Four of four machines gone at once: nobody is noted, and somebody is told (rule R12)."""
    world = World()
    rows = vanished(world, count)
    run = swept(world)
    assert sum(world.row(row.id).missing_since is not None for row in rows) == noted
    assert (run.frozen is None) is (noted > 0)
    assert ("sweep.too_many" in world.alarms.events()) is (noted == 0)


def test_a_confirmed_run_acts_on_at_most_so_many() -> None:
    """The operator lifts the cap for one run, up to a number."""
    world = World()
    rows = vanished(world, 4)
    swept(world, confirm=2)
    assert sum(world.row(row.id).missing_since is not None for row in rows) == 2


def test_o12_in_the_wrong_project_nothing_is_lost() -> None:
    """A token of an empty project answers 404 to everything: no row is even noted (row O12)."""
    world = World()
    row = world.running(24)
    world.servers.use_token("another project's")
    for _ in range(3):
        world.clock.advance(15 * MINUTE)
        swept(world)
    assert world.row(row.id) == row


def test_i8_an_extension_during_the_look_is_kept() -> None:
    """The row changed while it was looked at: nothing is written over it."""
    world = World()
    (row,) = vanished(world)
    plain = world.services
    servers: Any = Between(world.servers, "get", lambda: extend(plain, row.id, hours=1, key="k"))
    world.services = replace(plain, servers=servers)
    run = swept(world)
    world.services = plain
    assert len(world.row(row.id).extensions) == 1
    assert world.row(row.id).missing_since is None
    assert run.skipped[0].why == "its row changed while it was looked at"


def test_a_look_without_an_answer_is_an_error_and_the_others_go_on() -> None:
    """One look times out: it is told, and the next row is looked at."""
    world = World()
    rows = vanished(world, 2)
    world.servers.fail_next(ProviderUnknown("timed out"), "get")
    run = swept(world)
    assert run.errors == (f"{rows[1].id}: provider_unknown",) or run.errors == (f"{rows[0].id}: provider_unknown",)
    assert sum(world.row(row.id).missing_since is not None for row in rows) == 1


def test_only_running_rows_are_looked_at() -> None:
    """A machine that is being built or deleted is followed by its own row's steps."""
    world = World()
    row = world.installing()
    assert row.machine is not None
    world.servers.vanish(row.machine.server_id)
    run = swept(world)
    assert (run.rows, run.did, run.skipped) == (0, (), ())

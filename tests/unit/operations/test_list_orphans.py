"""What swept servers have cost is listed, the newest first, and to the cent what their provider bills."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.domain import budget, labels
from chalicelib.domain.errors import InvalidInput, StoreUnavailable
from chalicelib.domain.instance import Status
from chalicelib.domain.orphans import ServerFact
from chalicelib.operations.list_orphans import list_orphans
from chalicelib.operations.logbook import Logbook
from chalicelib.operations.ports import OrphanPage, Run
from chalicelib.operations.request_reap import new_run
from chalicelib.operations.sweep import sweep
from tests.fakes.market import market_at
from tests.unit.domain.samples import HOUR, MINUTE, TEN
from tests.unit.operations.between import Between, meeting
from tests.unit.operations.world import World

KIND = market_at(TEN).types[0]


def orphan(world: World, number: int = 1) -> ServerFact:
    """A server of ours that no row owns, an hour old."""
    instance_id = f"{number:012x}"
    fact = ServerFact(
        server_id=90_000 + number,
        name=labels.server_name(instance_id),
        labels=labels.server_labels(stack=world.stack.uuid, instance_id=instance_id),
        created_at=world.clock.now() - HOUR,
        status="running",
        ip="198.18.9.9",
        server_type=KIND.name,
        location=KIND.offers[0].location,
    )
    world.servers.add(fact)
    return fact


def swept(world: World, *, dry_run: bool = False) -> Run:
    """One sweep, a quarter of an hour later."""
    world.clock.advance(15 * MINUTE)
    book = Logbook(world.services.runs, new_run(world.services, dry_run=dry_run))
    sweep(world.services, book, left=lambda: 60.0)
    return book.run


def test_a_swept_server_is_listed_with_its_hours_and_its_price() -> None:
    """From its creation to its delete, with what its label says; what was only seen or only explained is not."""
    world = World()
    fact = orphan(world)
    swept(world)
    swept(world, dry_run=True)
    assert list_orphans(world.services, limit=10).costs == ()
    swept(world)
    (cost,) = list_orphans(world.services, limit=10).costs
    assert (cost.server_id, cost.instance_id, cost.server_type) == (fact.server_id, f"{1:012x}", KIND.name)
    assert (cost.created_at, cost.until) == (fact.created_at, world.clock.now())
    assert (cost.hours, cost.micro_eur) == (2, budget.micro(2 * KIND.offers[0].hourly))


def test_a_delete_that_is_tried_again_is_charged_once() -> None:
    """A refused delete costs on; the later figure takes the earlier one's place."""
    world = World()
    fact = orphan(world)
    swept(world)
    world.servers.protect(fact.server_id)
    for hours in (2, 2, 2, 3):
        assert swept(world).errors
        (cost,) = list_orphans(world.services, limit=10).costs
        assert (cost.server_id, cost.hours) == (fact.server_id, hours)


def test_what_cannot_be_charged_is_not_deleted() -> None:
    """Before its delete is sent a server's cost is in the table, or nothing is sent."""
    world = World()
    orphan(world)
    swept(world)

    def away() -> None:
        raise StoreUnavailable("away")

    with meeting(world, runs=Between(world.services.runs, "charge", away)), pytest.raises(StoreUnavailable):
        swept(world)
    assert len(world.servers.project.servers) == 1
    swept(world)
    assert len(list_orphans(world.services, limit=10).costs) == 1


def test_hours_of_a_row_are_the_rows() -> None:
    """A server that its row believes to be gone costs on as an orphan from the row's end."""
    world = World()
    row = world.running()
    fact = next(iter(world.servers.project.servers.values()))
    assert row.machine is not None
    end = row.machine.created_at + 90 * MINUTE
    world.clock.advance(5 * HOUR)
    ended = replace(world.row(row.id), status=Status.DELETED, ended_at=end, due_at=None)
    world.services.instances.write(ended, before=world.row(row.id))
    swept(world)
    swept(world)
    assert world.servers.project.servers == {}
    (cost,) = list_orphans(world.services, limit=10).costs
    assert (cost.server_id, cost.hours) == (fact.server_id, 6 - 2)


def test_the_cursor_leads_on() -> None:
    """Page by page each server once; a cursor of nobody's is refused."""
    world = World()
    for number in range(3):
        orphan(world, number)
    swept(world)
    swept(world)
    first = list_orphans(world.services, limit=2)
    rest = list_orphans(world.services, limit=2, cursor=first.next_cursor)
    assert {cost.server_id for cost in (*first.costs, *rest.costs)} == {90_000, 90_001, 90_002}
    assert rest == OrphanPage(costs=rest.costs, next_cursor=None)
    with pytest.raises(InvalidInput):
        list_orphans(world.services, limit=2, cursor="x")

"""A project without our marker shows that it is ours by one of our machines."""

from __future__ import annotations

import pytest

from chalicelib.domain.errors import NoMarker, ProviderUnknown
from chalicelib.domain.instance import Instance
from chalicelib.operations.expect_machine import MOST, expect_machine
from tests.unit.operations.world import World


def requests(world: World) -> list[str]:
    """The calls of the provider since the last look."""
    calls = world.requests()
    world.servers.calls.clear()
    return calls


def server_of(row: Instance) -> int:
    """The id of an instance's server."""
    assert row.machine is not None
    return row.machine.server_id


def test_a_table_without_machines_expects_none() -> None:
    """Nobody is asked, whether the table is empty or all of it has ended."""
    world = World()
    expect_machine(world.services)
    world.installer.queueing = True
    world.order()
    world.follow_nudges()
    expect_machine(world.services)
    assert requests(world) == []


def test_one_machine_that_answers_is_enough() -> None:
    """Others may have been deleted by hand."""
    world = World()
    rows = [world.running(24) for _ in range(3)]
    for row in rows[1:]:
        world.servers.vanish(server_of(row))
    expect_machine(world.services)


def test_o12_where_none_answers_it_is_refused_after_a_few_questions() -> None:
    """In another project every id is a 404: so many are asked for, and no more (row O12)."""
    world = World(max_live=100)
    for _ in range(MOST + 2):
        world.running(24)
    world.servers.use_token("another project's")
    requests(world)
    with pytest.raises(NoMarker, match="20 machines that the table knows none is there"):
        expect_machine(world.services)
    assert requests(world) == ["get"] * MOST


def test_o6_a_strangers_server_of_the_same_id_is_none_of_ours() -> None:
    """Only name and labels make it ours (row O6)."""
    world = World()
    row = world.running(24)
    world.servers.alter(server_of(row), labels={})
    with pytest.raises(NoMarker):
        expect_machine(world.services)


def test_r17_a_create_that_was_never_answered_is_looked_for_by_its_name() -> None:
    """It may have made a server in the right project, so it is expected in this one (row R17)."""
    world = World()
    world.servers.lose_next("create")
    world.installing()
    requests(world)
    expect_machine(world.services)
    world.servers.use_token("another project's")
    with pytest.raises(NoMarker):
        expect_machine(world.services)
    assert requests(world) == ["find", "find"]


def test_without_an_answer_nothing_is_known() -> None:
    """The error comes through."""
    world = World()
    world.running(24)
    world.servers.fail_next(ProviderUnknown("timed out"), "get")
    with pytest.raises(ProviderUnknown):
        expect_machine(world.services)

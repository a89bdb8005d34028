"""List instances a page at a time, live ones or all, filtered by status and owner."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.email import EmailAddress
from chalicelib.domain.errors import InvalidInput
from chalicelib.domain.instance import Status
from chalicelib.operations.deprovision import deprovision
from chalicelib.operations.list_instances import list_instances
from chalicelib.operations.ports import Page
from tests.unit.operations.world import GUEST, World


def listed(world: World, **changes: Any) -> Page:
    """A page of the list."""
    return list_instances(
        world.services, **{"ended": False, "status": None, "owner": None, "limit": 10, "cursor": None, **changes}
    )


def three(world: World) -> list[str]:
    """Three orders, a second apart, the newest first."""
    ids = []
    for _ in range(3):
        ids.append(world.order().instance.id)
        world.clock.advance(timedelta(seconds=1))
    return ids[::-1]


def test_the_newest_come_first() -> None:
    """Live instances in the order of their creation, backwards."""
    world = World()
    ids = three(world)
    page = listed(world)
    assert [row.id for row in page.instances] == ids
    assert page.next_cursor is None


def test_pages_lead_on_without_a_gap() -> None:
    """Following the cursors shows every instance once."""
    world = World()
    ids = three(world)
    seen, cursor, more = [], None, True
    while more:
        page = listed(world, limit=1, cursor=cursor)
        seen += [row.id for row in page.instances]
        cursor, more = page.next_cursor, page.next_cursor is not None
    assert seen == ids


def test_what_has_ended_is_listed_when_asked_for() -> None:
    """Tombstones are among all, not among the live ones."""
    world = World()
    ids = three(world)
    deprovision(world.services, ids[1])
    world.follow_nudges()
    assert [row.id for row in listed(world).instances] == [ids[0], ids[2]]
    assert [row.id for row in listed(world, ended=True).instances] == ids


def test_a_filter_looks_through_pages() -> None:
    """A rare status is found although a page of the table has none of it."""
    world = World()
    ids = three(world)
    deprovision(world.services, ids[2])
    page = listed(world, status=Status.DELETING, limit=1)
    assert [row.id for row in page.instances] == [ids[2]]


def test_an_owner_is_found_by_the_address() -> None:
    """The filter takes the address, in any of its forms, and finds its owner's rows."""
    world = World()
    ids = three(world)
    assert [row.id for row in listed(world, owner=GUEST).instances] == ids
    assert listed(world, owner=EmailAddress(value="other@example.com")).instances == ()


def test_a_made_up_cursor_is_refused() -> None:
    """A cursor that no list has given is the caller's error."""
    with pytest.raises(InvalidInput):
        listed(World(), cursor="nonsense!")

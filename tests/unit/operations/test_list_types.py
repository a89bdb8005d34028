"""List what can be had now, without asking the provider."""

from __future__ import annotations

import pytest

from chalicelib.domain.errors import StoreUnavailable
from chalicelib.operations.list_types import list_types
from tests.unit.domain.samples import HOUR, TEN
from tests.unit.operations.world import World


def test_types_in_stock_come_in_the_operators_order() -> None:
    """What is sold out or for another CPU is not listed, and the provider is not asked."""
    world = World()
    assert [each.type.name for each in list_types(world.services)] == ["cpx22", "cpx32", "cpx11"]
    assert world.servers.calls == []


def test_p16_a_refusal_is_not_offered_for_a_while() -> None:
    """A type that was just refused everywhere is not shown; later it is again."""
    world = World()
    world.services.catalogue.refuse("cpx32@nbg1", TEN + HOUR)
    assert [each.type.name for each in list_types(world.services)] == ["cpx22", "cpx11"]
    world.clock.advance(HOUR)
    assert [each.type.name for each in list_types(world.services)] == ["cpx22", "cpx32", "cpx11"]


def test_before_the_first_reading_there_is_nothing_to_list() -> None:
    """An unread market is no empty market."""
    world = World()
    world.table.delete("catalogue")
    with pytest.raises(StoreUnavailable):
        list_types(world.services)

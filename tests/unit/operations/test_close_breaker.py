"""Close the breaker by hand: the next order is taken, and the next failure is the first."""

from __future__ import annotations

from chalicelib.domain.breaker import OPEN_FOR
from chalicelib.domain.build import Cause
from chalicelib.domain.instance import Status
from chalicelib.operations.breaker import note_failure
from chalicelib.operations.close_breaker import close_breaker
from tests.unit.domain.samples import TEN
from tests.unit.operations.world import World


def opened() -> World:
    """A world in which three builds have failed."""
    world = World()
    for name in ("one", "two", "three"):
        note_failure(world.services, name, Cause.DISK, TEN)
    return world


def test_b22_after_an_operators_word_orders_are_taken_again() -> None:
    """The breaker is closed at once; a single further failure does not open it (row B22)."""
    world = opened()
    assert close_breaker(world.services)
    assert world.order().instance.status is Status.REQUESTED
    note_failure(world.services, "four", Cause.DISK, TEN)
    assert world.order().instance.status is Status.REQUESTED


def test_closing_what_is_closed_says_so() -> None:
    """A breaker that never opened, was closed before or has run out was not open; nothing is written for it."""
    world = World()
    assert not close_breaker(world.services)
    assert world.services.breaker.get().version == 0
    world = opened()
    assert close_breaker(world.services)
    assert not close_breaker(world.services)
    world = opened()
    world.clock.advance(OPEN_FOR)
    assert not close_breaker(world.services)

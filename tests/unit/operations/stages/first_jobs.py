"""The first job of an order, in its platform's queue or running and silent, and platforms that do not answer."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from chalicelib.domain.breaker import BreakerState
from chalicelib.domain.errors import BuilderUnknown
from chalicelib.domain.instance import Instance
from tests.unit.operations.world import World

LOOK = timedelta(seconds=10)
BREAKER_AT_REST = BreakerState()


def queued() -> tuple[World, Instance]:
    """A world whose platform has put the first job of an order into its queue."""
    world = World()
    world.installer.queueing = True
    row = world.order().instance
    world.follow_nudges()
    return world, world.row(row.id)


def started() -> tuple[World, Instance]:
    """A world whose platform calls the first job running, and whose builder has said nothing."""
    world = World()
    world.builders_ask = False
    row = world.order().instance
    world.follow_nudges()
    return world, world.row(row.id)


class Deaf:
    """A platform that answers no wish to stop."""

    def __init__(self, port: Any) -> None:
        self._port = port
        self.asked = False

    def __getattr__(self, name: str) -> Any:
        """The port's own."""
        return getattr(self._port, name)

    def stop(self, *_: object) -> None:
        """No answer."""
        self.asked = True
        raise BuilderUnknown("no answer")


def no_answer() -> None:
    """What a platform says that is asked and silent."""
    raise BuilderUnknown("no answer")

"""A worker that dies at one call of one port, just before its effect or just after it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.simulation.crashing import Killed
from tests.unit.operations.between import Between
from tests.unit.operations.world import World


def die() -> None:
    """The process is gone."""
    raise Killed


def killed_at(world: World, port: str, method: str, act: Callable[[], object], *, after: bool, nth: int = 1) -> None:
    """Let an act be killed at the n-th call of a port's method; what it had asked for dies with it."""
    plain = world.services
    mortal: Any = Between(getattr(plain, port), method, die, after=after, nth=nth)
    world.services = replace(plain, **{port: mortal})
    try:
        act()
    except Killed:
        world.nudge.take()
    else:
        raise AssertionError(f"{port}.{method} was not called {nth} times")
    finally:
        world.services = plain

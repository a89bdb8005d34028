"""A port during one of whose calls something else happens: how a test puts two actors into one moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from tests.unit.operations.world import World


class Between:
    """Passes everything on to the port; `event` happens once, just before or just after the n-th call of a method."""

    def __init__(
        self, port: object, method: str, event: Callable[[], object], *, after: bool = False, nth: int = 1
    ) -> None:
        self._port = port
        self._method = method
        self._event = event
        self._after = after
        self._left = nth

    def __getattr__(self, name: str) -> Any:
        """The port's own attribute, with the event around the one method."""
        found = getattr(self._port, name)
        return self._call if name == self._method else found

    def _call(self, *args: Any, **kwargs: Any) -> Any:
        self._left -= 1
        now = self._left == 0
        if now and not self._after:
            self._happen()
        answer = getattr(self._port, self._method)(*args, **kwargs)
        if now and self._after:
            self._happen()
        return answer

    def _happen(self) -> None:
        self._event()


@contextmanager
def meeting(world: World, **ports: Any) -> Iterator[None]:
    """Let the world's services have these ports for a while."""
    plain = world.services
    world.services = replace(plain, **ports)
    try:
        yield
    finally:
        world.services = plain

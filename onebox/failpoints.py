"""Dying at a chosen place: `ONEBOX_KILL_AFTER=<Port.method>:<n>` kills this process after the n-th such call returned.

SIGKILL leaves no time for anything, like a power cut; whoever starts the next life has to pick up. A port is named as
in `Services`, with a capital: `Instances.write:3`, `Servers.create:1`, `Mailer.send:1`. `Builder.…` is the builder's.
"""

from __future__ import annotations

import os
import re
import signal
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Protocol

from chalicelib.operations.services import Services

VARIABLE = "ONEBOX_KILL_AFTER"
BUILDER_PORT = "Builder"

_FORM = re.compile(r"([A-Z][A-Za-z]*)\.([a-z][a-z_]*):([1-9][0-9]{0,5})")
_NOT_PORTS = frozenset({"limits", "find_url", "ssh_port", "actor"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Failpoint:
    """The place: a port's method, and which of its calls is the last."""

    port: str
    method: str
    call: int

    @classmethod
    def parse(cls, spec: str) -> Failpoint:
        """Read `Port.method:n`; ValueError with the form when it is something else."""
        match = _FORM.fullmatch(spec)
        if match is None:
            raise ValueError(f"{VARIABLE} is written Port.method:n, such as Servers.create:1, not {spec!r}.")
        return cls(port=match[1], method=match[2], call=int(match[3]))


def kill_myself() -> None:
    """End this process as a power cut would."""
    os.kill(os.getpid(), signal.SIGKILL)


class Chain(Protocol):
    """Whoever counts."""

    def returned(self, point: Failpoint) -> None:
        """Take note of one return of the method of this point."""


def wrap(services: Services, spec: str, die: Callable[[], None] = kill_myself) -> Services:
    """The same services, which call `die` after the named return; ValueError for a port or method there is not."""
    points = [Failpoint.parse(part) for part in spec.split(">")]
    return watched(services, points, _Chain(points, die))


def watched(services: Services, points: Sequence[Failpoint], chain: Chain) -> Services:
    """The same services, which tell `chain` of each return at these points; ValueError as `wrap`."""
    ports = {one.name.capitalize(): one.name for one in fields(services) if one.name not in _NOT_PORTS}
    for point in points:
        if point.port not in ports:
            raise ValueError(f"{VARIABLE} names {point.port}; the ports are {', '.join(sorted(ports))}.")
        name = ports[point.port]
        port = getattr(services, name)
        if not hasattr(port, point.method):
            raise ValueError(f"{VARIABLE}: {point.port} has no method {point.method}.")
        told: Any = _Watched(port, point, chain)
        services = replace(services, **{name: told})
    return services


class _Chain:
    """Counts the returns of the first point that still lies ahead; at the last one's last return it calls `die`."""

    def __init__(self, points: Sequence[Failpoint], die: Callable[[], None]) -> None:
        self._ahead = list(points)
        self._die = die
        self._returned = 0
        self._lock = threading.Lock()

    def returned(self, point: Failpoint) -> None:
        """Take note of one return of the method of this point."""
        with self._lock:
            if not self._ahead or self._ahead[0] is not point:
                return
            self._returned += 1
            if self._returned < point.call:
                return
            self._returned = 0
            del self._ahead[0]
            reached = not self._ahead
        if reached:
            self._die()


class _Watched:
    """A port that tells of the returns of one method; everything else is passed through."""

    def __init__(self, port: Any, point: Failpoint, chain: Chain) -> None:
        self._port = port
        self._point = point
        self._chain = chain

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)
        return self._told(method) if name == self._point.method else method

    def _told(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            result = method(*arguments, **named)
            self._chain.returned(self._point)
            return result

        return call

"""Requests counted by the emulator: each kind meets an order that changes nothing, and whose uses are what is counted.

The order is a `Date` that is off by no second; the emulator tells how often it is still good.
"""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

KINDS: Mapping[str, tuple[str, str]] = {
    "create": ("POST", "^/servers$"),
    "look by name": ("GET", "^/servers$"),
    "look by id": ("GET", r"^/servers/\d+$"),
    "look at an action": ("GET", r"^/(servers/(\d+/)?)?actions(/\d+)?$"),
    "delete": ("DELETE", r"^/servers/\d+$"),
    "market": ("GET", "^/(pricing|server_types|locations|datacenters)"),
    "marker": ("GET", "^/ssh_keys"),
    "count": ("PUT", r"^/ssh_keys/\d+$"),
}
"""Method and path of each kind; with `else`, they are all that a life may ask for."""

SHARED = frozenset({"market", "marker", "count"})
"""What all lives of the same minute need once."""

_MANY = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How many requests of each kind there were; `total` includes kinds that nobody thought of."""

    kinds: Mapping[str, int]
    total: int

    @property
    def shared(self) -> int:
        """Requests that all lives share."""
        return sum(self.kinds[kind] for kind in SHARED)

    @property
    def own(self) -> int:
        """Requests of this life alone."""
        return self.total - self.shared

    def __str__(self) -> str:
        named = {**self.kinds, "else": self.total - sum(self.kinds.values())}
        told = ", ".join(f"{count} {kind}" for kind, count in named.items() if count)
        return f"{self.own} of its own and {self.shared} shared ({told})."


class RequestCounter:
    """Counts at the emulator with this root URL; nothing else may be going on there."""

    def __init__(self, root: str) -> None:
        self._url = f"{root}/_emulator/faults"

    def of(self, act: Callable[[], object]) -> Count:
        """The requests that arrive while something is done."""
        self._ask("PUT", [_order("*", ""), *(_order(*kind) for kind in KINDS.values())])
        act()
        used = [_MANY - fault["left"] for fault in self._ask("GET")["faults"]]
        self._ask("DELETE")
        return Count(total=used[0], kinds=dict(zip(KINDS, used[1:], strict=True)))

    def _ask(self, method: str, body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self._url, method=method, data=data, headers=headers)  # noqa: S310 -- our own emulator on 127.0.0.1
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310 -- same
            return json.load(answer)


def _order(method: str, path: str) -> dict[str, object]:
    return {"do": "clock_off", "seconds": 0, "times": _MANY, "method": method, "path": path}

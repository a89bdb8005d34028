"""One request on its way to a route, and the route's reply. Routes are plain functions from one to the other."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from multidict import MultiMapping

from hetzner_emulator.emulator import Emulator
from hetzner_emulator.errors import not_found
from hetzner_emulator.faults.fault import Fault

Json = dict[str, Any]
_LONGEST_ID = 19


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """An authenticated request; `ids` are the path's variable parts, `url` itself without the query."""

    emulator: Emulator
    project: str
    now: float
    ids: tuple[str, ...]
    url: str
    query: MultiMapping[str]
    body: Json
    faults: tuple[Fault, ...] = ()

    def id(self, kind: str, position: int = 0) -> int:
        """Return one id of the path; what is no number cannot be found."""
        text = self.ids[position]
        if not (text.isascii() and text.isdigit() and len(text) <= _LONGEST_ID):
            raise not_found(kind, text)
        return int(text)

    def fault(self, do: str) -> Fault | None:
        """Return the fault of that sort that was ordered for this request."""
        return next((fault for fault in self.faults if fault.do == do), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a route answers; a body of None sends none."""

    status: int = 200
    body: Json | None = None
    headers: dict[str, str] = field(default_factory=dict)


Handler = Callable[[Call], Reply]


@dataclass(frozen=True, slots=True)
class Route:
    """A method and a path under `/v1` whose `{}` segments match anything."""

    method: str
    path: str
    handler: Handler

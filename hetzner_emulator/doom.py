"""How a machine dies, ordered before it is made: at which point of its life, and what is there afterwards.

Pure decisions about the record; who brings the points about is in `machine/`, what answers at the address in
`lifecycle` and `machine/listeners`.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hetzner_emulator.records import Server

POINTS = ("boot", "look", "facts", "kexec", "disko", "copy", "files", "install", "installed", "reboot")
"""In the order in which an install comes past them."""

_MOVES = frozenset({"boot", "kexec", "reboot"})
HOWS = {
    "gone": frozenset(POINTS),
    "hangs": frozenset(POINTS),
    "refuses": frozenset(POINTS) - {"reboot"},
    "old_system": frozenset({"kexec", "reboot"}),
    "other_key": _MOVES,
}
"""What can be there afterwards, and at which points; after the reboot nobody's install key opens anything anyway."""

EACH_TIME = -1


def check(more: dict[str, Any]) -> None:
    """Raise a ValueError when the parameters of a `dies` name no death."""
    at, how, deaths = more.get("at"), more.get("how", "gone"), more.get("deaths", 1)
    if at not in POINTS:
        raise ValueError(f"'at' of a death is one of: {', '.join(POINTS)}")
    if at not in HOWS.get(how, ()):
        raise ValueError(f"'how' of a death at {at} is one of: {', '.join(h for h in HOWS if at in HOWS[h])}")
    if isinstance(deaths, bool) or not isinstance(deaths, int) or deaths < 0:
        raise ValueError("'deaths' is a number, 0 for each time")


def doomed(server: Server, more: dict[str, Any]) -> Server:
    """Return a server that will die as the parameters say."""
    deaths = int(more.get("deaths", 1)) or EACH_TIME
    return replace(server, dies_at=str(more["at"]), dies_how=str(more.get("how", "gone")), deaths=deaths)


def meets(server: Server, point: str) -> bool:
    """Tell whether this is where it dies; one that answers no more cannot do so twice."""
    return server.dies_at == point and server.deaths != 0 and server.fate not in ("gone", "hangs", "refuses")


def past(server: Server, point: str, other_key: Callable[[], str]) -> Server:
    """Return the server after a point: as it was, or dead; `other_key` makes the host key it may show from then on."""
    if not meets(server, point):
        # A move that ends well has no trace of an earlier one: the old system can be left a second time.
        return replace(server, fate="") if point in _MOVES and server.fate == "old_system" else server
    left = server.deaths if server.deaths == EACH_TIME else server.deaths - 1
    dead = replace(server, fate=server.dies_how, deaths=left, died=server.died + 1)
    if dead.fate == "refuses":
        return replace(dead, root_keys=())
    return replace(dead, host_key=other_key()) if dead.fate == "other_key" else dead

"""Failpoints (`onebox.failpoints`) in packaged functions: which one is ahead is kept in a file that all of them share.

Each environment counts in the same file, whichever function it is of; it is replaced as a whole, so whoever reads it
needs no lock, and whoever dies leaves no half of it. The one whose call is the last of the failpoint that is ahead
dies, and the next failpoint of the list is ahead from then on. The packaged code knows nothing of it: the services are
wrapped where `chalicelib.wiring` makes them.
"""

from __future__ import annotations

import fcntl
import importlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from onebox.whole_file import replace_file

FILE = "ONEBOX_FAILPOINTS"
"""In a host's environment: the file; without it nobody dies."""


def order(file: Path, specs: list[str]) -> None:
    """Begin with a list of failpoints, each written as `ONEBOX_KILL_AFTER` has it."""
    replace_file(file, json.dumps({"ahead": [spec.split(">") for spec in specs], "returned": 0, "struck": 0}))


def struck(file: Path) -> int:
    """How many failpoints have struck so far."""
    return int(json.loads(file.read_text())["struck"])


def arm(file: Path) -> None:
    """Let the services of this process, which are not made yet, die at what is ahead in the file."""
    failpoints = importlib.import_module("onebox.failpoints")  # by now it finds the packaged Services
    wiring = importlib.import_module("chalicelib.wiring")
    ahead = json.loads(file.read_text())["ahead"]
    places = {failpoints.Failpoint.parse(part) for spec in ahead for part in spec}
    points = {(one.port, one.method): one for one in sorted(places, key=str)}
    make, chain = wiring.services, _SharedChain(file, failpoints.kill_myself)

    def services(*arguments: Any, **named: Any) -> Any:
        return failpoints.watched(make(*arguments, **named), list(points.values()), chain)

    wiring.__dict__["services"] = services


class _SharedChain:
    """Counts the returns of the first place of the first failpoint that is ahead."""

    def __init__(self, file: Path, die: Callable[[], None]) -> None:
        self._file = file
        self._die = die

    def returned(self, point: Any) -> None:
        """Take note of one return of a port's method."""
        with self._file.with_suffix(".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # ends with the file, or with this process
            state = json.loads(self._file.read_text())
            dies = _count(state, f"{point.port}.{point.method}")
            replace_file(self._file, json.dumps(state))
        if dies:
            self._die()


def _count(state: dict[str, Any], place: str) -> bool:
    """Count one return of a place in the state; whether it was the last of its failpoint."""
    if not state["ahead"]:
        return False
    wanted, _, times = state["ahead"][0][0].rpartition(":")
    if wanted != place:
        return False
    state["returned"] += 1
    if state["returned"] < int(times):
        return False
    state["returned"] = 0
    del state["ahead"][0][0]
    if state["ahead"][0]:
        return False
    del state["ahead"][0]
    state["struck"] += 1
    return True

"""Waiting for a change in the answer's place: `?wait=SECONDS`, where there is a thread to spare.

The API room looks again and again; verbs never wait. In the cloud it is switched off, since a waiting Lambda is paid.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from chalicelib.api.call import Call
from chalicelib.api.edge import Edge
from chalicelib.domain.errors import InvalidInput

LOOK_EVERY = 0.15
"""Seconds between two looks: soon enough to feel immediate, seldom enough for many waiters on one machine."""

_SECONDS = re.compile(r"[0-9]{1,6}")
T = TypeVar("T")


def seconds_to_wait(call: Call, edge: Edge) -> int:
    """How long this caller may be held; 0 without the parameter. InvalidInput for what is no number of seconds."""
    given = call.parameter("wait")
    if given is None:
        return 0
    if not _SECONDS.fullmatch(given):
        raise InvalidInput({"wait": "must be a whole number of seconds"})
    return min(int(given), edge.long_poll_seconds)


def wait_for(look: Callable[[], T], changed: Callable[[T], bool], seconds: int, edge: Edge) -> T:
    """The first look that shows a change, or the last one before the time is over."""
    until = edge.monotonic() + seconds
    seen = look()
    while not changed(seen) and edge.monotonic() < until:
        edge.pause(LOOK_EVERY)
        seen = look()
    return seen

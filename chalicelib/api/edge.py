"""What the HTTP edge needs beside the services: settings of its own, and the way it waits."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """`origins` are the other sites whose pages may call us (`scheme://host[:port]`).

    `refused_domains` are mail domains that the operator does not take beside the well-known throw-away ones.
    `long_poll_seconds` caps `?wait=`; 0 switches it off. `pause` sleeps and `monotonic` measures, both in seconds;
    tests replace them. Nothing here tells the time of day: that is the Clock port's.
    """

    origins: tuple[str, ...] = ()
    long_poll_seconds: int = 0
    refused_domains: frozenset[str] = frozenset()
    pause: Callable[[float], None] = time.sleep
    monotonic: Callable[[], float] = time.monotonic


def origin_of(url: str) -> str:
    """Scheme, host and port of a URL, in the form in which browsers send `Origin`."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()

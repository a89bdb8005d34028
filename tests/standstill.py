"""How long a machine that is busy with other things let this process wait, for tests of what must be fast in itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

_LOOK = 0.01
_WORTH_NOTING = 0.03


class Standstill:
    """`seconds` grows by every sleep that lasted much longer than it was asked to."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._over = threading.Event()

    def watch(self) -> None:
        """Sleep and look until it is over."""
        before = time.monotonic()
        while not self._over.wait(_LOOK):
            now = time.monotonic()
            late, before = now - before - _LOOK, now
            self.seconds += late if late > _WORTH_NOTING else 0

    def end(self) -> None:
        """Watch no more."""
        self._over.set()


@contextmanager
def standstill() -> Iterator[Standstill]:
    """Watch for as long as the block lasts."""
    watched = Standstill()
    thread = threading.Thread(target=watched.watch)
    thread.start()
    try:
        yield watched
    finally:
        watched.end()
        thread.join()

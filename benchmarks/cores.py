"""How many cores a benchmark may use: on a busy or small machine, twenty builds at once wait for them."""

from __future__ import annotations

import os


def cores() -> int:
    """The cores this process may run on."""
    return len(os.sched_getaffinity(0))

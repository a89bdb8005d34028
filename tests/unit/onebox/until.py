"""Waiting in tests for something that another process or thread does."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE_SECONDS = 60.0
"""Much longer than anything here takes, since the machine may be busy with other tests."""


def until(condition: Callable[[], object], patience: float = PATIENCE_SECONDS) -> bool:
    """Look often until the condition holds; False when patience runs out."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.01)
    return False

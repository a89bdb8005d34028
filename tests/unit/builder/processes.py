"""Processes that a test looks for by an argument that nobody else was given."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tests.unit.builder.world import SOON


def sleeper() -> str:
    """Seconds to sleep: more than any test lasts, and found by its digits."""
    return f"90.{secrets.randbelow(10**9):09}"


def running(argument: str) -> list[str]:
    """The processes that were given this argument (proc(5); one that has ended has no command line)."""
    found = []
    for line in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            found += [str(line)] if argument.encode() in line.read_bytes() else []
    return found


def until(fact: Callable[[], object]) -> None:
    """Wait for something to become true, which it does soon."""
    end = time.monotonic() + SOON
    while not fact():
        assert time.monotonic() < end
        time.sleep(0.02)

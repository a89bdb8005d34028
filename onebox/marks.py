"""Finding every process that belongs to a stack, whatever became of its parents: by a mark in its environment.

The supervisor gives each child `ONEBOX_TREE=<home>|<life>|<name>`, and what a child starts inherits it. Only processes
that carry the mark are ever ended.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

VARIABLE = "ONEBOX_TREE"
LOOKS_WITHOUT = 2
"""Looks in a row that find nobody before nobody is there: a process that is just becoming another program has, for that
moment, no environment that could be read."""

_END = "|"


def mark(home: Path, life: str, name: str) -> str:
    """The mark of one child in one life of the stack."""
    return f"{home}{_END}{life}{_END}{name}"


def of_home(home: Path) -> str:
    """What all marks of a folder's stacks begin with."""
    return f"{home}{_END}"


def of_life(home: Path, life: str) -> str:
    """What all marks of one life begin with."""
    return f"{home}{_END}{life}{_END}"


def marked(beginning: str) -> list[int]:
    """The processes whose mark begins so; this one is never among them."""
    wanted = f"{VARIABLE}={beginning}".encode()
    return [pid for pid in _processes() if pid != os.getpid() and _carries(pid, wanted)]


def end_marked(beginning: str, within_seconds: float = 2.0) -> int:
    """End all such processes with SIGKILL, also those that are born meanwhile; returns how many still live."""
    until = time.monotonic() + within_seconds
    looks_without = 0
    while looks_without < LOOKS_WITHOUT:
        living = marked(beginning)
        looks_without = 0 if living else looks_without + 1
        for pid in living:
            _kill(pid)
        if living and time.monotonic() > until:
            return len(living)
        time.sleep(0.005)
    return 0


def _processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _carries(pid: int, wanted: bytes) -> bool:
    try:
        variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:  # gone meanwhile, or another user's
        return False
    return any(variable.startswith(wanted) for variable in variables)


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return

"""Builders at work on a rehearsed cloud: which process one is, what attempts there were, functions that stand still."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.stack.box import Box

PREFIX = "codebuild/"
"""What the names of a build's processes begin with."""


def builder(box: Box, instance_id: str) -> int | None:
    """The process that builds an instance, below the shell that runs its buildspec; None when there is none."""
    mine = (pid for pid, name in box.marked().items() if name.startswith(PREFIX))
    return next((pid for pid in mine if _is_builder(pid, instance_id)), None)


def _is_builder(pid: int, instance_id: str) -> bool:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        told = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:  # gone meanwhile
        return False
    return words[1:3] == [b"-m", b"builder"] and f"CCC_INSTANCE_ID={instance_id}".encode() in told


def attempts(box: Box, instance_id: str) -> list[dict[str, Any]]:
    """The attempts at an instance as CodeBuild's stand-in tells them, oldest first."""
    _, state = box.patient(lambda: box.call("GET", "/onebox/state"))
    mine = [build for build in state["builds"] if build["build"].startswith(f"{instance_id}-")]
    return sorted(mine, key=lambda build: str(build["build"]))


def stand_still(box: Box, *functions: str) -> list[int]:
    """Let functions, their environments with them, get nothing done until `go_on`; their processes."""
    standing = [pid for pid, name in box.marked().items() if name in functions]
    assert len(standing) >= len(functions)
    for pid in standing:
        os.kill(pid, signal.SIGSTOP)
    return standing


def go_on(standing: Iterable[int]) -> None:
    """Let go on what stands still."""
    for pid in standing:
        with suppress(ProcessLookupError):  # killed meanwhile
            os.kill(pid, signal.SIGCONT)


@contextmanager
def standing_still(box: Box, *functions: str) -> Iterator[None]:
    """For a while these functions get nothing done."""
    standing = stand_still(box, *functions)
    try:
        yield
    finally:
        go_on(standing)

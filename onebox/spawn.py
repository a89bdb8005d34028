"""Starting a child that cannot outlive this process: its own process group, and SIGKILL when its parent dies.

The parent-death signal is tied to the thread that forked, so only the main thread may call this.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

_PR_SET_PDEATHSIG = 1  # from <linux/prctl.h>
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What to run: program and arguments, the whole environment, the folder, and descriptors to pass on."""

    arguments: Sequence[str]
    environment: Mapping[str, str]
    folder: Path
    descriptors: Sequence[int] = ()


def spawn(
    command: Command, *, output: IO[bytes] | int, given: IO[bytes] | int = subprocess.DEVNULL, outlives: bool = False
) -> subprocess.Popen[bytes]:
    """Start the command with stdout and stderr going to `output`; raises OSError.

    `outlives` leaves the parent-death signal away: for the one child that acts when this process is gone.
    """
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("children are forked by the main thread only")
    parent = os.getpid()
    return subprocess.Popen(
        list(command.arguments),
        env=dict(command.environment),
        cwd=command.folder,
        stdin=given,
        stdout=output,
        stderr=subprocess.STDOUT,
        pass_fds=tuple(command.descriptors),
        start_new_session=True,
        preexec_fn=None if outlives else lambda: _die_with(parent),  # noqa: PLW1509 -- this process has one thread
    )


def _die_with(parent: int) -> None:
    if _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0 or os.getppid() != parent:
        os._exit(127)


def signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Send a signal to the child's whole process group; nothing happens when it is gone."""
    try:
        os.killpg(process.pid, number)
    except (ProcessLookupError, PermissionError):
        return

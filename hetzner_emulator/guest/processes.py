"""A guest's processes as the host sees them: signals for them, and their end."""

import asyncio
import contextlib
import os
import signal
from pathlib import Path

_HANG_UP_SECONDS = 0.2


def descendants(pid: int) -> list[int]:
    """Return all processes below `pid`, parents before children."""
    found, queue = list[int](), [pid]
    while queue:
        parent = queue.pop(0)
        try:
            text = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii")
        except OSError:
            continue
        children = [int(word) for word in text.split()]
        found += children
        queue += children
    return found


def send_signal(pid: int, name: str) -> None:
    """Send a signal, named without SIG, to the guest's own processes but not to what holds its sandbox."""
    number = getattr(signal, f"SIG{name}", None)
    if number is None:
        return
    for each in descendants(pid):
        if not _holds_sandbox(each):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(each, number)


def _holds_sandbox(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").strip() == "bwrap"
    except OSError:
        return True


async def end(child: asyncio.subprocess.Process) -> None:
    """Hang up on what is left of a command, then kill it."""
    if child.returncode is not None:
        return
    send_signal(child.pid, "HUP")
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            await asyncio.wait_for(child.wait(), _HANG_UP_SECONDS)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                child.send_signal(number)
        else:
            return
    await child.wait()

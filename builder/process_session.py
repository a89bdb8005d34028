"""All processes of one session, whatever groups they made: Linux's answer to "what did that program leave running?".

A process group is not enough: timeout(1), which nixos-anywhere calls, moves its command into a group of its own.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def living(session: int) -> list[int]:
    """Process ids of a session's members that have not ended (proc(5), `stat`: state and session)."""
    processes = (entry for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return [int(process.name) for process in processes if _lives_in(process, session)]


def send(session: int, number: int) -> None:
    """Send a signal to every member of a session."""
    for member in living(session):
        with suppress(ProcessLookupError):
            os.kill(member, number)


def _lives_in(process: Path, session: int) -> bool:
    try:
        facts = (process / "stat").read_bytes()
    except OSError:  # it has ended meanwhile
        return False
    state, _, _, its_session = facts.rpartition(b")")[2].split()[:4]
    return state not in {b"Z", b"X"} and int(its_session) == session

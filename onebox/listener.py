"""Whether a port is listened at by one certain process: a port that answers may be somebody else's by now.

Linux's own tables say it: the sockets that listen (proc(5), `/proc/net/tcp`), and those that a process holds.
"""

from __future__ import annotations

import re
from pathlib import Path

_TABLES = ("tcp", "tcp6")
_LISTENS = "0A"
_LOCAL, _STATE, _INODE = 1, 3, 9
_SOCKET = re.compile(r"socket:\[([0-9]+)\]")


def listens(pid: int, port: int) -> bool:
    """Whether the process (itself, none of its children) listens at the TCP port, on whatever address."""
    return not _listening(port).isdisjoint(_held(pid))


def _listening(port: int) -> set[str]:
    found = set()
    for table in _TABLES:
        try:
            lines = Path("/proc/net", table).read_text(encoding="ascii").splitlines()[1:]
        except FileNotFoundError:  # a kernel without IPv6
            continue
        for line in lines:
            fields = line.split()
            if fields[_STATE] == _LISTENS and int(fields[_LOCAL].rpartition(":")[2], 16) == port:
                found.add(fields[_INODE])
    return found


def _held(pid: int) -> set[str]:
    found = set()
    try:
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            if match := _SOCKET.fullmatch(_target(entry)):
                found.add(match[1])
    except OSError:  # it has ended, or is not ours
        return set()
    return found


def _target(entry: Path) -> str:
    try:
        return str(entry.readlink())
    except OSError:  # closed in between
        return ""

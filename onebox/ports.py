"""Ports of this machine: taking the gateway's, checking the emulator's, finding a free one."""

from __future__ import annotations

import errno
import socket
from pathlib import Path

HOST = "127.0.0.1"
BACKLOG = 1024
"""Connections wait here while the gateway is between two lives, instead of being refused."""


class PortTaken(Exception):
    """A port cannot be had; the message names the variable that sets it."""


def listen(port: int, variable: str) -> socket.socket:
    """A listening socket, to be kept open for all lives of the gateway; raises PortTaken."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HOST, port))
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        raise PortTaken(_why(port, variable, error)) from error
    return listening


def check_free(port: int, variable: str) -> None:
    """Raise PortTaken unless somebody could listen on the port now."""
    listen(port, variable).close()


def kept_free_port(note: Path) -> int:
    """A free port, kept in a file for later starts; another one when somebody has taken it in between."""
    if not note.exists() or not _is_free(int(note.read_text(encoding="utf-8"))):
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            note.write_text(f"{probe.getsockname()[1]}\n", encoding="utf-8")
    return int(note.read_text(encoding="utf-8"))


def _is_free(port: int) -> bool:
    try:
        listen(port, "").close()
    except PortTaken:
        return False
    return True


def _why(port: int, variable: str, error: OSError) -> str:
    what = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be used ({error.strerror})"
    return f"Port {port} {what}: set {variable} to a free one."

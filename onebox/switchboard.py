"""The supervisor's unix socket: one JSON line in, one JSON line out, connection closed; served from the main loop.

What an operation does is the handler's matter. A request that is none is answered with an error, never with silence.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

from onebox.loop import Loop
from onebox.short_path import short_path

MAX_REQUEST_BYTES = 64 * 1024
MAX_CALLERS = 256

Handler = Callable[[dict[str, Any]], dict[str, Any]]


class Switchboard:
    """Listens at `path` (a stale socket is replaced) until `close`."""

    def __init__(self, path: Path, handler: Handler, loop: Loop) -> None:
        self._path = path
        self._handler = handler
        self._loop = loop
        self._callers: dict[socket.socket, bytes] = {}
        self._socket = _listening(path)
        loop.watch(self._socket, self._accept)

    def close(self) -> None:
        """Hang up on everybody."""
        for caller in list(self._callers):
            self._hang_up(caller)
        self._loop.unwatch(self._socket)
        self._socket.close()

    def _accept(self) -> None:
        try:
            caller, _ = self._socket.accept()
        except OSError:  # the caller has gone already
            return
        if len(self._callers) >= MAX_CALLERS:
            caller.close()
            return
        caller.settimeout(0.0)
        self._callers[caller] = b""
        self._loop.watch(caller, lambda: self._read(caller))

    def _read(self, caller: socket.socket) -> None:
        try:
            data = caller.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        said = self._callers[caller] + data
        self._callers[caller] = said
        if b"\n" in said:
            self._reply(caller, self._answer(said.partition(b"\n")[0]))
        elif not data or len(said) > MAX_REQUEST_BYTES:
            self._hang_up(caller)

    def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            request = json.loads(line)
        except (ValueError, RecursionError):
            return {"error": "not JSON"}
        if not isinstance(request, dict):
            return {"error": "not an object"}
        return self._handler(request)

    def _reply(self, caller: socket.socket, answer: dict[str, Any]) -> None:
        try:
            caller.settimeout(1.0)
            caller.sendall(json.dumps(answer).encode() + b"\n")
        except OSError:  # a caller that does not listen asks again
            pass
        finally:
            self._hang_up(caller)

    def _hang_up(self, caller: socket.socket) -> None:
        self._callers.pop(caller, None)
        self._loop.unwatch(caller)
        caller.close()


def _listening(path: Path) -> socket.socket:
    path.unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with short_path(path) as address:
        listening.bind(address)
    path.chmod(0o600)
    listening.listen(MAX_CALLERS)
    listening.settimeout(0.0)
    return listening

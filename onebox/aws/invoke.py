"""The caller's side of a function's host: one invocation, one answer, in the shapes in which Lambda tells them.

While nobody listens (the host is between two lives) it waits a moment; an invocation that had begun when the host died
has failed, as in Lambda.
"""

from __future__ import annotations

import json
import socket
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onebox.short_path import short_path

CONNECT_SECONDS = 10.0
_LOOK = 0.05
_DIED = "Runtime.ExitError"
_ENDED = frozenset({_DIED, "Sandbox.Timedout"})


class NotReached(Exception):
    """No host listens for the function: nothing of the invocation has happened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """`result` is what the handler returned; with `error` it failed (`{"errorMessage", "errorType", …}`)."""

    request_id: str
    result: Any = None
    error: dict[str, Any] | None = None

    @property
    def payload(self) -> bytes:
        """What Lambda answers with."""
        return json.dumps(self.result if self.error is None else self.error).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoker:
    """Finds the hosts' sockets in `folder`, by the functions' short names."""

    folder: Path
    connect_seconds: float = CONNECT_SECONDS

    def invoke(self, short: str, event: Any, *, request_id: str | None = None, within: float | None = None) -> Outcome:
        """Carry out one invocation, which its host ends at the function's time limit. NotReached, ValueError.

        TimeoutError after `within` seconds, while the invocation goes on.
        """
        request_id = request_id or str(uuid.uuid4())
        line = json.dumps({"request_id": request_id, "event": event}).encode() + b"\n"
        with self._connected(short) as connection:
            connection.settimeout(within)
            return _outcome(request_id, _asked(connection, line))

    def _connected(self, short: str) -> socket.socket:
        until = time.monotonic() + self.connect_seconds
        while True:
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                with short_path(socket_of(self.folder, short)) as address:
                    connection.connect(address)
            except OSError as error:
                connection.close()
                if time.monotonic() > until:
                    raise NotReached(f"{short} is not served") from error
                time.sleep(_LOOK)
            else:
                return connection


def socket_of(folder: Path, short: str) -> Path:
    """Where the host of a function listens."""
    return folder / f"{short}.sock"


def _asked(connection: socket.socket, line: bytes) -> dict[str, Any]:
    try:
        connection.sendall(line)
        with connection.makefile("rb") as lines:
            answer: dict[str, Any] = json.loads(lines.readline())
    except TimeoutError:
        raise
    except (OSError, ValueError):  # the connection ended without an answer: the host is dead
        return {"error": {"errorType": _DIED, "errorMessage": "Runtime exited with error: signal: killed"}}
    return answer


def _outcome(request_id: str, answer: dict[str, Any]) -> Outcome:
    error = answer.get("error")
    if error is not None and error.get("errorType") in _ENDED:
        error = {**error, "errorMessage": f"RequestId: {request_id} Error: {error['errorMessage']}"}
    return Outcome(request_id=request_id, result=answer.get("result"), error=error)

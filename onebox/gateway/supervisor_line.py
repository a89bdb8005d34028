"""The gateway's line to its supervisor: one JSON line there, one back, over the unix socket."""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onebox.short_path import short_path


@dataclass(frozen=True, slots=True, kw_only=True)
class SupervisorLine:
    """Asks the supervisor that listens at `path`."""

    path: Path
    timeout_seconds: float = 5.0

    def ask(self, operation: str) -> dict[str, Any]:
        """The answer to an operation without arguments; OSError or ValueError when there is none."""
        with short_path(self.path) as address, socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(self.timeout_seconds)
            connection.connect(address)
            connection.sendall(json.dumps({"op": operation}).encode() + b"\n")
            with connection.makefile("rb") as lines:
                answer: dict[str, Any] = json.loads(lines.readline())
        return answer

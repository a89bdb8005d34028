"""Builder jobs as child processes of one machine's supervisor, as the `Installer` port.

Each call is one JSON line over the supervisor's unix socket and one JSON line back. The supervisor forks, keeps the
logs and counts the slots; this file only asks. It does not know what a builder does.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from chalicelib.domain.errors import BuilderFull, BuilderUnknown
from chalicelib.operations.ports import BuildStart, BuildState

ANSWER_WITHIN_SECONDS = 5.0
"""The supervisor answers from its main loop within milliseconds; longer means that it is stuck or gone."""


class ProcessInstaller:
    """Asks the supervisor that listens at `socket_path`; `slots` is how many builders may run at once."""

    def __init__(self, socket_path: Path | str, slots: int) -> None:
        self._path = Path(socket_path)
        self._slots = slots

    def start(self, start: BuildStart) -> str:
        """Start one attempt's job, or find it started; returns `<instance>-<attempt>`. BuilderFull, BuilderUnknown."""
        answer = self._ask(
            {
                "op": "start",
                "instance_id": start.instance_id,
                "attempt": start.attempt,
                "slots": self._slots,
                "env": {
                    "CCC_API_URL": start.api_url,
                    "CCC_INSTANCE_ID": start.instance_id,
                    "CCC_ATTEMPT": str(start.attempt),
                    "CCC_CLAIM_CODE": start.claim_code,
                },
            }
        )
        return str(answer["reference"])

    def state(self, instance_id: str, attempt: int, reference: str) -> BuildState:  # noqa: ARG002 -- the port's shape
        """What the supervisor knows of the attempt. BuilderUnknown: no answer."""
        answer = self._ask({"op": "state", "instance_id": instance_id, "attempt": attempt})
        try:
            return BuildState(answer["state"])
        except ValueError as error:
            raise BuilderUnknown("The supervisor answered with a state that does not exist.") from error

    def stop(self, instance_id: str, attempt: int, reference: str) -> None:  # noqa: ARG002 -- the port's shape
        """Ask for the end of the attempt; it follows within seconds. BuilderUnknown: no answer."""
        self._ask({"op": "stop", "instance_id": instance_id, "attempt": attempt})

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        try:
            answer = _exchange(self._path, request)
        except (OSError, ValueError) as error:
            raise BuilderUnknown(f"The supervisor did not answer ({type(error).__name__}).") from error
        if answer.get("error") == "full":
            raise BuilderFull("All builders are busy.")
        if "error" in answer or "state" not in answer:
            raise BuilderUnknown("The supervisor refused the request.", answer=answer.get("error"))
        return answer


def _exchange(path: Path, request: dict[str, Any]) -> dict[str, Any]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection, _short(path) as address:
        connection.settimeout(ANSWER_WITHIN_SECONDS)
        connection.connect(address)
        connection.sendall(json.dumps(request).encode() + b"\n")
        with connection.makefile("rb") as lines:
            answer = json.loads(lines.readline())
    if not isinstance(answer, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 -- a wrong answer, not a wrong argument
    return answer


@contextmanager
def _short(path: Path) -> Iterator[str]:
    """Yield a name of the socket that fits into the 107 bytes which the kernel allows, however deep its folder lies."""
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)

"""A Hetzner emulator of a test's own: started on free ports, told to misbehave, stopped at the end of a block."""

from __future__ import annotations

import json
import re
import secrets
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_READY = re.compile(r"listening on (http://127\.0\.0\.1:\d+)/v1 ")


@dataclass(frozen=True, slots=True, kw_only=True)
class EmulatorProcess:
    """A running emulator; `endpoint` ends in `/v1`, `pid` is for who wants to kill it."""

    root: str
    tokens: Path
    pid: int

    @property
    def endpoint(self) -> str:
        """What an adapter is given."""
        return f"{self.root}/v1"

    def new_project(self) -> str:
        """The token of a project that nobody has used yet."""
        token = secrets.token_hex(32)
        with self.tokens.open("a", encoding="utf-8") as file:
            file.write(f"{token} {secrets.token_hex(8)}\n")
        return token

    def fault(self, **order: Any) -> None:
        """Order a fault, in the words of the emulator's README."""
        self._call("POST", f"{self.root}/_emulator/faults", order)

    def request(self, token: str, method: str, path: str, body: Any) -> Any:
        """One request of the API itself, behind the back of whatever is tested."""
        return self._call(method, f"{self.endpoint}{path}", body, token)

    def _call(self, method: str, url: str, body: Any, token: str = "") -> Any:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        request = urllib.request.Request(  # noqa: S310 - an http address on loopback that we made
            url, method=method, data=json.dumps(body).encode(), headers=headers
        )
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - as above
            return json.load(answer)


@contextmanager
def emulator_process(folder: Path, *options: str) -> Iterator[EmulatorProcess]:
    """Run an emulator with its state and token file in a folder; `options` are added to its command line."""
    tokens = folder / "tokens"
    tokens.touch(mode=0o600)
    command = [sys.executable, "-m", "hetzner_emulator", "--port", "0", "--state", str(folder / "state")]
    process = subprocess.Popen([*command, "--token-file", str(tokens), *options], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        ready = _READY.match(line)
        assert ready, f"the emulator did not say that it listens, but: {line!r}"
        yield EmulatorProcess(root=ready.group(1), tokens=tokens, pid=process.pid)
    finally:
        process.terminate()
        process.wait(60)
        process.stdout.close()

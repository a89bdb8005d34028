"""An emulator as a process of its own, and a client that checks each success against the provider's document."""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jsonschema import Draft4Validator

Json = dict[str, Any]
ROOT = Path(__file__).resolve().parents[3]
_DOCUMENT = "cloud.spec.patched-2026-10.json"
CLOUD_CONFIG = "#cloud-config\nchpasswd: {expire: false}\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A response; `body` is None when it held no JSON."""

    status: int
    headers: dict[str, str]
    body: Any
    raw: bytes


class Api:
    """A client of one project."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self.token = token

    def call(self, method: str, path: str, body: object = None, *, timeout: float = 60) -> Answer:
        """Send a request; a success must be as the provider's document says, when that is at hand."""
        parts = urlsplit(self.url)
        connection = http.client.HTTPConnection(parts.netloc, timeout=timeout)
        data = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        base = "" if path.startswith("/_emulator") else parts.path
        try:
            connection.request(method, base + path, data, {"Authorization": f"Bearer {self.token}"})
            response = connection.getresponse()
            raw = response.read()
        finally:
            connection.close()
        try:
            parsed = json.loads(raw) if raw else None
        except ValueError:
            parsed = None
        return Answer(status=response.status, headers=dict(response.getheaders()), body=parsed, raw=raw)

    def ok(self, method: str, path: str, body: object = None) -> Any:
        """Send a request that must succeed and be well formed; return its JSON."""
        answer = self.call(method, path, body)
        assert answer.status // 100 == 2, (answer.status, answer.body)
        check_shape(method, path.partition("?")[0], answer)
        return answer.body

    def create(self, name: str, **more: object) -> Json:
        """Create a server that can be had."""
        wish: Json = {"name": name, "server_type": "cpx22", "image": "ubuntu-24.04", "location": "nbg1"}
        created: Json = self.ok("POST", "/servers", wish | more)
        return created

    def fault(self, **fault: object) -> None:
        """Order a fault."""
        answer = self.call("POST", "/_emulator/faults", fault)
        assert answer.status == 200, answer.body


class Emulator:
    """The process; `restart` keeps its state."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self.options = options
        self.tokens = folder / "tokens"
        self.clock = folder / "clock"
        folder.mkdir(parents=True, exist_ok=True)
        self.tokens.touch()
        self._projects = 0
        self._base = self._ahead = 0.0
        self._mark = ""
        self.start()

    def start(self) -> None:
        """Start it and wait for its line."""
        command = [sys.executable, "-m", "hetzner_emulator", "--port", "0", "--state", str(self.folder / "state")]
        command += ["--token-file", str(self.tokens), "--clock", str(self.clock), *self.options]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.line = self.process.stdout.readline()
        found = re.fullmatch(r"listening on (http://\S+/v1) ssh-port (\d+) addresses (\S+)\n", self.line)
        assert found, self.line
        self.url, self.ssh_port = found.group(1), int(found.group(2))

    def project(self) -> Api:
        """Return a client of a new project."""
        self._projects += 1
        token = f"token{self._projects}"
        with self.tokens.open("a") as file:
            file.write(f"{token} project{self._projects}\n")
        return Api(self.url, token)

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """End it and return its status."""
        self.process.send_signal(number)
        status = self.process.wait(60)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return status

    def begin_era(self) -> None:
        """Let `advance` count from here."""
        self._base = self._ahead

    def stop_clock(self) -> None:
        """Let `advance` count from here, and nothing else move the clock: no test depends on how fast a machine is."""
        self._mark = "="
        self._ahead = max(self._ahead, time.time()) + 86_400  # noqa: TID251 -- the emulator's time before it was stopped
        self.begin_era()
        self.advance(0)

    def wait_for_death(self) -> int:
        """Return the status of a process that ends by itself."""
        status = self.process.wait(60)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return status

    def kill_and_restart(self) -> None:
        """End it with SIGKILL and start it again."""
        self.end(signal.SIGKILL)
        self.start()

    def advance(self, seconds: float) -> None:
        """Move its clock to `seconds` after what it was at the test's beginning."""
        self._ahead = max(self._ahead, self._base + seconds)
        new = self.clock.with_suffix(".new")
        new.write_text(f"{self._mark}{self._ahead}")
        new.replace(self.clock)


@cache
def document() -> Json | None:
    """Return the provider's OpenAPI document with `nullable` made into null types, None when it is not here."""
    path = Path(os.environ.get("HETZNER_OPENAPI", ROOT.parent / "shared/hetzner" / _DOCUMENT))  # noqa: TID251 -- where the document is, is the machine's affair
    if not path.is_file():
        return None
    found: Json = _with_nulls(json.loads(path.read_text()))
    return found


def _with_nulls(node: Any) -> Any:
    if isinstance(node, list):
        return [_with_nulls(item) for item in node]
    if not isinstance(node, dict):
        return node
    changed = {key: _with_nulls(value) for key, value in node.items()}
    if changed.pop("nullable", None) is True and isinstance(changed.get("type"), str):
        changed["type"] = [changed["type"], "null"]
        if "enum" in changed:
            changed["enum"] = [*changed["enum"], None]
    return changed


@cache
def _validator(method: str, path: str, status: int) -> Draft4Validator | None:
    whole = document()
    if whole is None:
        return None
    parts = path.strip("/").split("/")
    for template, operations in sorted(whole["paths"].items(), key=lambda item: item[0].count("{")):
        words = template.strip("/").split("/")
        if len(words) == len(parts) and all(w[0] == "{" or w == p for w, p in zip(words, parts, strict=True)):
            response = operations[method.lower()]["responses"][str(status)]
            schema = response.get("content", {}).get("application/json", {}).get("schema", {})
            return Draft4Validator({"components": whole["components"], **schema})
    raise AssertionError(f"the document has no {path}")


def check_shape(method: str, path: str, answer: Answer) -> None:
    """Fail when a success is not what the document says."""
    validator = None if path.startswith("/_emulator") else _validator(method, path, answer.status)
    if validator is not None and answer.body is not None:
        errors = [f"{list(error.path)}: {error.message}" for error in validator.iter_errors(answer.body)]
        assert not errors, (method, path, errors[:5])

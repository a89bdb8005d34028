"""Instances that an operator has ordered for somebody: their ids with the token that manages each."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import Any
from urllib.request import Request, urlopen

from tests.stack.bad_inputs.stranger import JSON, Said, Stranger, new_email, new_key

HELD_TYPE = "cpx32"
"""The type of machines whose SSH never answers: their builders go on trying, so that a build does not end by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owned:
    """One instance, and its owner's requests."""

    stranger: Stranger
    id: str
    token: str

    @property
    def path(self) -> str:
        """Where it is."""
        return f"/instances/{self.id}"

    def look(self) -> dict[str, Any]:
        """The instance as its owner sees it."""
        said = self.stranger.ask("GET", self.path, token=self.token)
        assert said.status == 200, said.body
        return said.json

    def extend(self, hours: object, key: str | None = "", *, token: str | None = None) -> Said:
        """Ask for more hours, under a key of its own unless one is given (None: without one)."""
        named = {} if key is None else {"Idempotency-Key": key or os.urandom(8).hex()}
        body = json.dumps({"hours": hours}).encode()
        headers = {"Content-Type": JSON, **named}
        return self.stranger.ask("POST", f"{self.path}/extend", body, headers, token=token or self.token)

    def end(self, body: bytes | None = None) -> Said:
        """Ask for its end."""
        return self.stranger.ask("DELETE", self.path, body, token=self.token)


def order(stranger: Stranger, **wish: object) -> Owned:
    """An instance that has just been ordered."""
    body = {"email": new_email(), "ssh_public_key": new_key(), "hours": 1, **wish}
    status, made = stranger.box.call("POST", "/instances", body)
    assert status == 202, made
    return Owned(stranger=stranger, id=made["id"], token=made["manage_token"])


def order_held(stranger: Stranger) -> Owned:
    """An instance in the middle of a build that goes on until somebody ends it."""
    stranger.box.fault(do="ssh_never", method="POST", path="^/servers$", server_type=HELD_TYPE)
    made = order(stranger, server_type=HELD_TYPE)
    stranger.box.until(made.id, "installing")
    return made


def keep_server(stranger: Stranger, owned: Owned) -> None:
    """Let the provider refuse to delete this instance's server, until `let_everything_go`."""
    path = f"^/servers/{stranger.box.show(owned.id)['server_id']}$"
    stranger.box.fault(do="error", status=503, code="unavailable", method="DELETE", path=path, times=0)


def let_everything_go(stranger: Stranger) -> None:
    """Forget all faults, and let what was put off be tried again."""
    faults = f"http://127.0.0.1:{stranger.box.emulator_port}/_emulator/faults"
    with urlopen(Request(faults, method="DELETE"), timeout=90) as answer:
        assert answer.status < 300
    stranger.box.advance_clock("2m")

"""The two ways to hold a `Servers` port for its contract: the fake, and the Hetzner adapter before the emulator.

A bench can do what only a provider's owner or the weather does: lock, protect, lose an answer, switch the project.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Protocol

from chalicelib.adapters.hetzner_servers import HetznerServers
from chalicelib.domain import labels
from chalicelib.operations.ports import Servers
from tests.emulator_process import EmulatorProcess
from tests.fakes.servers import FakeServers


class Bench(Protocol):
    """A fresh project without servers."""

    @property
    def servers(self) -> Servers:
        """The port under test."""

    def lock_next(self, server_id: int) -> None:
        """Let the next change of a server meet another action."""

    def protect(self, server_id: int) -> None:
        """Switch delete protection on."""

    def lose_next_create(self) -> None:
        """Let the next create have its effect and no answer."""

    def reach_limit(self) -> None:
        """Let the account's limit be reached at the next create."""

    def add_key(self, name: str, public_key: str, shown: dict[str, str]) -> int:
        """Put an SSH-key object there that we never planted."""

    def switch_project(self) -> None:
        """Let the token be that of another project."""


class Frozen:
    """A clock that stands still."""

    def now(self) -> datetime:
        """Noon."""
        return datetime(2026, 11, 1, 12, tzinfo=UTC)


class FakeBench:
    """The fake."""

    def __init__(self) -> None:
        self.servers = FakeServers(Frozen())

    def lock_next(self, server_id: int) -> None:
        """See Bench."""
        self.servers.lock(server_id)

    def protect(self, server_id: int) -> None:
        """See Bench."""
        self.servers.protect(server_id)

    def lose_next_create(self) -> None:
        """See Bench."""
        self.servers.lose_next("create")

    def reach_limit(self) -> None:
        """See Bench."""
        self.servers.limit = 0

    def add_key(self, name: str, public_key: str, shown: dict[str, str]) -> int:
        """See Bench."""
        return self.servers.add_key(name, public_key, shown)

    def switch_project(self) -> None:
        """See Bench."""
        self.servers.use_token("another")


class HetznerBench:
    """The adapter, through the unmodified hcloud library, before an emulator."""

    def __init__(self, emulator: EmulatorProcess) -> None:
        self._emulator = emulator
        self._token = emulator.new_project()
        self.servers = HetznerServers(emulator.endpoint, lambda: self._token, timeouts=(20.0, 30.0))

    def lock_next(self, server_id: int) -> None:
        """See Bench."""
        self._emulator.fault(do="locked", path=f"^/servers/{server_id}")

    def protect(self, server_id: int) -> None:
        """See Bench."""
        self._ask(f"/servers/{server_id}/actions/change_protection", {"delete": True, "rebuild": True})

    def lose_next_create(self) -> None:
        """See Bench."""
        self._emulator.fault(do="reset_after_commit", method="POST", path="^/servers$")

    def reach_limit(self) -> None:
        """See Bench."""
        self._emulator.fault(do="limits", method="POST", path="^/servers$")

    def add_key(self, name: str, public_key: str, shown: dict[str, str]) -> int:
        """See Bench."""
        answer = self._ask("/ssh_keys", {"name": name, "public_key": public_key, "labels": shown})
        return int(answer["ssh_key"]["id"])

    def switch_project(self) -> None:
        """See Bench."""
        self._token = self._emulator.new_project()

    def _ask(self, path: str, body: dict[str, Any]) -> Any:
        return self._emulator.request(self._token, "POST", path, body)


def strangers_labels() -> dict[str, str]:
    """The labels of a marker that another stack planted."""
    return labels.marker_labels(stack="a-stack-of-somebody-else", epoch=1)

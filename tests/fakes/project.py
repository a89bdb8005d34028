"""What one token opens at the fake provider: servers, SSH-key objects, and what stands in the way of changing them.

It knows no port and raises what a provider refuses; who asks, and in which order, is `servers.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from chalicelib.domain import labels
from chalicelib.domain.errors import ServerLocked, ServerProtected
from chalicelib.domain.orphans import ServerFact
from chalicelib.operations.ports import Marker, MarkerState

BOOT = timedelta(seconds=22)
"""How long a server stays `initializing`."""

REBUILD = timedelta(seconds=15)
"""How long a server stays `rebuilding`, and locked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """An SSH-key object."""

    key_id: int
    name: str
    public_key: str
    labels: dict[str, str]


@dataclass(slots=True, kw_only=True)
class Project:
    """The objects themselves, which a test may look at and change as it likes."""

    servers: dict[int, ServerFact] = field(default_factory=dict)
    keys: dict[int, Key] = field(default_factory=dict)
    user_data: dict[int, str] = field(default_factory=dict)
    protected: set[int] = field(default_factory=set)
    locks: dict[int, int] = field(default_factory=dict)
    rebuilt_at: dict[int, datetime] = field(default_factory=dict)
    last_list: tuple[ServerFact, ...] = ()

    def shown(self, fact: ServerFact, now: datetime) -> ServerFact:
        """A server as it is at this moment: it boots, and is built anew, by itself."""
        if (done := self.rebuilt_at.get(fact.server_id)) is not None and now < done:
            return replace(fact, status="rebuilding", locked=True)
        up = fact.status == "initializing" and now >= fact.created_at + BOOT
        return replace(fact, status="running") if up else fact

    def may_change(self, server_id: int) -> None:
        """Raise ServerProtected or ServerLocked; a lock holds as often as it was told to."""
        if server_id in self.protected:
            raise ServerProtected("server is protected")
        left = self.locks.get(server_id, 0)
        if left:
            self.locks[server_id] = left - 1
            raise ServerLocked("cannot perform operation because server is locked")

    def forget(self, server_id: int) -> ServerFact:
        """Take a server away, and return what it was."""
        self.user_data.pop(server_id, None)
        self.rebuilt_at.pop(server_id, None)
        return self.servers.pop(server_id)

    def marker(self, stack: str, key_id: int | None) -> Marker:
        """The key of this id, or of the marker's name, as the marker of a stack."""
        if key_id is not None:
            return _as_marker(self.keys.get(key_id), stack)
        name = labels.marker_name(stack)
        return _as_marker(next((key for key in self.keys.values() if key.name == name), None), stack)


def _as_marker(key: Key | None, stack: str) -> Marker:
    if key is None:
        return Marker(state=MarkerState.MISSING)
    if key.labels.get(labels.MANAGED_BY) != labels.OURS or key.labels.get(labels.STACK) != stack:
        return Marker(state=MarkerState.FOREIGN, marker_id=key.key_id)
    epoch = key.labels.get(labels.EPOCH, "")
    return Marker(state=MarkerState.OURS, marker_id=key.key_id, epoch=int(epoch) if epoch.isdecimal() else None)

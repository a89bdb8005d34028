"""What the emulator remembers: one frozen value per thing, and its row form.

A server's status and what answers SSH at its address are timelines: the value at a moment is the last entry
that is not after it. So nothing has to happen for time to pass, and a crash loses nothing.
"""

import json
from dataclasses import dataclass, fields
from typing import Any, TypeVar

Timeline = tuple[tuple[float, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server, alive or deleted (`deleted_at`); times in seconds since the epoch.

    `dies_at`, `dies_how` and `deaths` are what `doom` was told, `died` how often it happened, `fate` what has become
    of the system that runs now.
    """

    id: int
    project: str
    name: str
    labels: dict[str, str]
    created: float
    server_type: str
    location: str
    image: int
    user_data: str
    root_keys: tuple[str, ...]
    password_expired: bool
    host_key: str
    ipv4: str | None
    ipv4_id: int
    ipv6: str | None
    ipv6_id: int
    status_line: Timeline
    ssh_line: Timeline
    locked_until: float
    named_keys: tuple[str, ...] = ()
    protected: bool = False
    disk: str = "stock"
    deleted_at: float | None = None
    ssh_never: bool = False
    ssh_delay: float = 0.0
    kexec_lost: bool = False
    dies_at: str = ""
    dies_how: str = ""
    deaths: int = 0
    died: int = 0
    fate: str = ""
    generation: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """An action; `ends` is None when a fault keeps it running for ever."""

    id: int
    project: str
    command: str
    started: float
    ends: float | None
    resources: tuple[tuple[str, int], ...]
    error: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SshKey:
    """A registered public key."""

    id: int
    project: str
    name: str
    labels: dict[str, str]
    created: float
    public_key: str
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """An image made from a server; `ready` is when it becomes available, `disk` what is on it."""

    id: int
    project: str
    description: str
    labels: dict[str, str]
    created: float
    ready: float
    source_id: int
    source_name: str
    disk_size: int
    architecture: str
    disk: str
    base_image: int
    protected: bool = False
    kind: str = "snapshot"


Record = Server | Action | SshKey | Snapshot
R = TypeVar("R", Server, Action, SshKey, Snapshot)


def at(line: Timeline, moment: float) -> tuple[float, str]:
    """Return the entry that holds at `moment`; before the first one, the first."""
    current = line[0]
    for entry in line:
        if entry[0] > moment:
            break
        current = entry
    return current


def to_json(record: Record) -> str:
    """Return the row form of a record."""
    return json.dumps({field.name: getattr(record, field.name) for field in fields(record)})


def from_json(kind: type[R], text: str) -> R:
    """Return the record of a row; lists become the tuples they were."""
    values: dict[str, Any] = json.loads(text)
    return kind(**{name: _frozen(value) for name, value in values.items()})


def _frozen(value: Any) -> Any:
    return tuple(_frozen(each) for each in value) if isinstance(value, list) else value

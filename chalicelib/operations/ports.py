"""Everything the verbs need from outside, by role; each docstring states the failure contract.

Errors are those of `chalicelib/domain/errors.py` and no others: an adapter translates at the call. A port that changes
something says whether an error means "had no effect" or "may have had its effect".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from chalicelib.domain.build import BuildRecord, KeyPair
from chalicelib.domain.catalogue import Market
from chalicelib.domain.instance import Instance, Machine
from chalicelib.domain.lifecycle import Queue
from chalicelib.domain.notice import Notice
from chalicelib.domain.orphans import ServerFact, Sighting


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterChange:
    """An amount added to a counter in the same transaction as a row; with a cap, it must not be passed."""

    key: str
    amount: int
    cap: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some instances, and the cursor that leads on (None at the end)."""

    instances: tuple[Instance, ...]
    next_cursor: str | None


class Instances(Protocol):
    """The table of instances, their builds, and the counters that limit them.

    Reads are consistent except where a method says that it reads an index. StoreUnavailable: nothing is known;
    a write that raises it may have happened. UnknownSchema: the row is of another release and is left alone.
    """

    def get(self, instance_id: str) -> Instance | None:
        """The row, read consistently; None if there is none."""

    def write(
        self,
        after: Instance,
        *,
        before: Instance | None,
        counters: Sequence[CounterChange] = (),
        build: tuple[BuildRecord | None, BuildRecord] | None = None,
    ) -> Instance:
        """Put the row, and with it counters and a build's record: all or nothing.

        `before` None: the row must not exist; else it must be as it was read (version). `build` is a pair (as it was
        read or None, as it shall be). Returns the row as stored, with its new `version` and `op_id`. WriteConflict:
        nothing was written, somebody else was first. CounterFull: nothing was written. A lost reply to one's own
        write is recognised and is a success (rule R5).
        """

    def write_build(self, after: BuildRecord, *, before: BuildRecord) -> BuildRecord:
        """Put a build's record alone, if it is as it was read; WriteConflict and lost replies as for `write`."""

    def delay(self, instance_id: str, until: datetime) -> None:
        """Put off a row that raises or is not understood: sets nothing but `due_at`, whatever else is in the row."""

    def get_build(self, instance_id: str, attempt: int) -> BuildRecord | None:
        """The record of one build attempt, read consistently; None while nobody has claimed it."""

    def due(self, queue: Queue, until: datetime, limit: int) -> list[str]:
        """Ids of rows due in a queue, the earliest first (an index: may lag)."""

    def page(self, *, ended: bool, limit: int, cursor: str | None) -> Page:
        """Live rows, or with `ended` all rows, newest first (an index: may lag). InvalidInput: not our cursor."""

    def add(self, key: str, amount: int, *, cap: int | None, expires_at: datetime | None) -> int:
        """Add to a counter of its own and return its new value. CounterFull: nothing was added."""

    def counters(self, keys: Sequence[str]) -> dict[str, int]:
        """The values of counters; 0 for one that does not exist."""

    def store_time(self) -> datetime | None:
        """The Date of the store's last answer; None where the store has no clock of its own."""


class MarkerState(StrEnum):
    """What the provider said of the stack's marker."""

    OURS = "ours"
    MISSING = "missing"
    FOREIGN = "foreign"


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """The marker as it stands at the provider: its id, and the epoch its label carries."""

    state: MarkerState
    marker_id: int | None = None
    epoch: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerOrder:
    """One `POST /servers`: everything the provider is told."""

    instance_id: str
    server_type: str
    location: str
    labels: Mapping[str, str]
    user_data: str
    marker_id: int


class Servers(Protocol):
    """The servers of one project at the provider.

    ProviderError (and its kinds): refused, no effect. ProviderUnknown: may have had its effect. TokenRejected and
    RateLimited as they say. No method polls, and none repeats a create by itself (rule R15).
    """

    def create(self, order: ServerOrder) -> Machine:
        """Create a server once. NameTaken: one of that name exists. OutOfStock, ProviderLimit: nothing was created."""

    def find(self, name: str) -> ServerFact | None:
        """The server of this name, or None."""

    def get(self, server_id: int) -> ServerFact | None:
        """The server of this numeric id, or None for a 404 (believe it only with the marker: rule R11)."""

    def delete(self, server_id: int) -> None:
        """Delete; a 404 is a success. ServerLocked: later. ServerProtected: never by us."""

    def rebuild(self, server_id: int) -> None:
        """Reset the server to its stock image with the same user_data; same id, address, host key and paid hour."""

    def listed(self, stack: str) -> tuple[ServerFact, ...]:
        """All servers labelled as this stack's, every page; any error aborts the whole list (rule R10)."""

    def market(self, now: datetime) -> Market:
        """Types, prices and stock as they are now; `read_at` is `now`."""

    def read_marker(self, stack: str, marker_id: int | None) -> Marker:
        """The marker by its id, or by its name while the id is not known."""

    def plant_marker(self, stack: str, epoch: int, public_key: str) -> Marker:
        """Make the marker; on a name conflict the existing one if it carries our uuid, else a FOREIGN marker."""

    def raise_epoch(self, marker_id: int, stack: str, epoch: int) -> None:
        """Write an epoch into the marker's label."""

    def provider_time(self) -> datetime | None:
        """The Date of the provider's last answer; None before the first."""

    def token_fingerprint(self) -> str:
        """A digest of the token in use, so that an answer can be tied to it."""


class BuildState(StrEnum):
    """What the platform knows of an attempt."""

    QUEUED = "queued"
    RUNNING = "running"
    STOPPED = "stopped"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildStart:
    """What a builder job is started with: where to claim, as whom, and the one-time claim code."""

    instance_id: str
    attempt: int
    api_url: str
    claim_code: str


class Installer(Protocol):
    """The platform that runs builder jobs."""

    def start(self, start: BuildStart) -> str:
        """Start the job of one attempt and return the platform's reference; starting it again is the same job.

        BuilderFull: no slot, nothing was started. BuilderUnknown: it may have been started; start again.
        """

    def state(self, instance_id: str, attempt: int, reference: str) -> BuildState:
        """What the platform knows of the attempt; UNKNOWN if it never heard of it. BuilderUnknown: no answer."""

    def stop(self, instance_id: str, attempt: int, reference: str) -> None:
        """Ask the platform to end the attempt; `state` tells when it has. BuilderUnknown: no answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A mail that is ready to be sent: the ASCII address, a stable Message-ID, subject, plain text."""

    to: str
    message_id: str
    subject: str
    text: str


class Mailer(Protocol):
    """The way a mail leaves. MailRefused: it was not sent. MailUnknown: it may have been."""

    def send(self, letter: Letter) -> None:
        """Send one letter."""


class Letters(Protocol):
    """The renderer of notices; it raises nothing on purpose, so a failure is a bug and sends nothing."""

    def render(self, instance: Instance, notice: Notice, manage_token: str) -> Letter:
        """The letter of one notice of this instance; its `due_at` is the moment of writing."""


class Probe(Protocol):
    """The look at a machine's SSH host key from where the control plane stands."""

    def host_key(self, address: str) -> str | None:
        """The ed25519 host key `type base64` that answers at the address, or None when nothing does in time."""


class Nudge(Protocol):
    """The wish that somebody looks at a row soon; a lost nudge costs a minute, never a server."""

    def advance(self, instance_id: str) -> None:
        """Ask for `advance`; never raises and never waits for it."""

    def reap(self, run_id: str) -> None:
        """Ask for a requested reap run to be carried out; never raises and never waits."""


class Keyring(Protocol):
    """The secrets of the stack. StoreUnavailable when they cannot be read."""

    def newest(self) -> str:
        """The id of the secret that new rows are made with."""

    def secret(self, secret_id: str) -> bytes:
        """A stack secret by its id; NotFound when it has been thrown away."""

    def pepper(self) -> bytes:
        """The pepper, which never rotates."""

    def operators(self) -> frozenset[str]:
        """SHA-256 digests (hex) of the tokens that operators hold."""


class Identities(Protocol):
    """The maker of ed25519 keys out of seeds: the same seed gives the same key."""

    def key_pair(self, seed: bytes) -> KeyPair:
        """The key of a 32-byte seed; the private half in OpenSSH's file format, the public half `type base64`."""


class Catalogue(Protocol):
    """The kept market and the memory of refusals. StoreUnavailable as everywhere."""

    def market(self) -> Market | None:
        """The market as it was last read, or None before the first time."""

    def keep(self, market: Market) -> None:
        """Keep a market that was read just now."""

    def refused(self, now: datetime) -> frozenset[str]:
        """`type@location` keys that were refused a short while ago."""

    def refuse(self, choice_key: str, until: datetime) -> None:
        """Remember a refusal until then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StackState:
    """The `stack` item: who we are, and how far the newest sweep has counted.

    `uuid` and `epoch` are rule R11's; `marker_seen_at` and `marker_state` are the last marker answer, which counts only
    for the token with `marker_token`. `paused` stops new instances (rule R25). `frozen` says why nothing destructive
    may happen, or None.
    """

    uuid: str
    epoch: int
    marker_id: int | None = None
    marker_state: MarkerState | None = None
    marker_epoch: int | None = None
    marker_seen_at: datetime | None = None
    marker_token: str = ""
    paused: bool = False
    frozen: str | None = None
    swept_at: datetime | None = None
    version: int = 0


class Stack(Protocol):
    """The one `stack` item; it is created by a deployment or the first start, never in passing."""

    def get(self) -> StackState | None:
        """The item, read consistently."""

    def write(self, after: StackState, before: StackState | None) -> StackState:
        """Compare-and-swap; WriteConflict when somebody else was first. Returns it with its new version."""


class RunState(StrEnum):
    """How far a reap run has come."""

    REQUESTED = "requested"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEntry:
    """One thing a run did or left alone, and why."""

    what: str
    why: str
    instance_id: str | None = None
    server_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The record of one reap run: what it looked at, did, skipped and why."""

    id: str
    state: RunState
    dry_run: bool
    requested_at: datetime
    confirm: int | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    rows: int = 0
    servers: int = 0
    did: tuple[RunEntry, ...] = ()
    skipped: tuple[RunEntry, ...] = ()
    errors: tuple[str, ...] = ()
    frozen: str | None = None


class Runs(Protocol):
    """The records of reap runs, and the sightings of servers without a row."""

    def save(self, run: Run) -> None:
        """Keep a run, in place of its earlier form."""

    def get(self, run_id: str) -> Run | None:
        """One run."""

    def newest(self, limit: int) -> list[Run]:
        """The newest runs, newest first."""

    def sightings(self) -> dict[int, Sighting]:
        """All sightings by server id."""

    def sight(self, seen: Sequence[Sighting], forget: Sequence[int]) -> None:
        """Keep new sightings and forget those of servers that are gone or owned."""


class Alarms(Protocol):
    """The operator's attention; never raises."""

    def raise_alarm(self, event: str, **fields: Any) -> None:
        """Say that a person should look: an event name and fields, never a key, a token or an address."""


class Ids(Protocol):
    """The only source of chance."""

    def new(self) -> str:
        """32 hex digits that nobody can guess and that never come again."""


class Clock(Protocol):
    """The only source of time."""

    def now(self) -> datetime:
        """Aware UTC, whole seconds."""

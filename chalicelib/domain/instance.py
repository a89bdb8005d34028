"""What an instance is: one frozen value that holds everything the service knows and still owes.

It decides nothing; `lifecycle.py` says which statuses follow which and when somebody must look again, `lease.py` when
a machine ends, `notice.py` which mails are owed. How it becomes an item of a table is `chalicelib/storage`'s matter.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from chalicelib.domain.notice import Notice

SCHEMA = 1
"""The form of a row; a row with another number is left alone by this release (rule R22)."""


class Status(StrEnum):
    """Where an instance is in its life; `lifecycle.TRANSITIONS` is the table of steps between them."""

    UNCONFIRMED = "unconfirmed"
    REQUESTED = "requested"
    CREATING = "creating"
    INSTALLING = "installing"
    RUNNING = "running"
    DELETING = "deleting"
    DELETED = "deleted"
    FAILED = "failed"


TERMINAL = frozenset({Status.DELETED, Status.FAILED})


class EndReason(StrEnum):
    """Why an instance ends."""

    EXPIRED = "expired"
    RELEASED = "released"
    FAILED = "failed"
    LOST = "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What was asked for: hours, and a type and a location where one was named."""

    hours: int
    server_type: str | None = None
    location: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One server type in one location, with its price per started hour in euros, IPv4 included."""

    server_type: str
    location: str
    hourly: Decimal

    @property
    def key(self) -> str:
        """`type@location`, the form in which refusals are remembered."""
        return f"{self.server_type}@{self.location}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """The server at the provider: its numeric id, its address, and the moment its paid hours count from."""

    server_id: int
    ip: str
    ipv6_network: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """The newest build attempt, as the control plane knows it; what the builder says is in its own item.

    `reference` is the platform's name of the job. `running_at` is when it was first known to run (None: it is queued,
    as far as anybody knows), by its platform's word or its own; `asked_at` is when its builder first asked for its
    order and there was no machine yet: the one thing that a machine is bought on. `unrun` counts the attempts before it
    that ended before there was a machine to build, or without ever running.
    `stopped` and `rebuilt` are set while a next attempt is prepared: the platform says that this one has ended, and
    the provider was told at `rebuilt_at` to make the server a stock system again (rule R18).
    """

    attempt: int
    started_at: datetime
    reference: str
    stopped: bool = False
    rebuilt: bool = False
    running_at: datetime | None = None
    unrun: int = 0
    rebuilt_at: datetime | None = None
    asked_at: datetime | None = None

    def heard(self, known: Build | None) -> Build:
        """This attempt with what its builder has told the row meanwhile: no worker's look may undo a question."""
        if known is None or known.attempt != self.attempt:
            return self
        return replace(self, asked_at=self.asked_at or known.asked_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why an instance failed: a `code` of a fixed vocabulary, a sentence for the guest, a hint what to do next."""

    code: str
    message: str
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Money set aside in the month `yyyymm`, in millionths of a euro."""

    month: str
    micro_eur: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """One extension that was granted, under the key it was asked with, so that a repeat gives the same answer."""

    key: str
    hours: int
    old_expires_at: datetime
    new_expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """One row: an instance from the first request until its tombstone is purged.

    `due_at` is the next moment somebody must look (None: never again); `lease_id` and `lease_until` say who looks now.
    `retry_at` holds back the work of the present status after a refusal. Until `create_until` a create may still be on
    its way to the provider (rule R23). `missing_since` is the first 404 of a running machine (rule R16),
    `delete_sent_at` when our newest delete was sent and `delete_accepted` that the provider took it. `op_id` names the
    last write, `version` counts the writes (rules R4, R5).
    """

    id: str
    status: Status
    status_since: datetime
    created_at: datetime
    email: str
    owner: str
    ssh_public_key: str
    wish: Wish
    by_operator: bool
    request_hash: str
    secret_id: str
    requested_at: datetime | None = None
    due_at: datetime | None = None
    lease_id: str | None = None
    lease_until: datetime | None = None
    retry_at: datetime | None = None
    manage_serial: int = 0
    choice: Choice | None = None
    refused: tuple[str, ...] = ()
    create_until: datetime | None = None
    machine: Machine | None = None
    build: Build | None = None
    first_claimed_at: datetime | None = None
    host_key: str | None = None
    running_at: datetime | None = None
    expires_at: datetime | None = None
    missing_since: datetime | None = None
    delete_sent_at: datetime | None = None
    delete_accepted: bool = False
    ended_at: datetime | None = None
    end_reason: EndReason | None = None
    failure: Failure | None = None
    holds: tuple[Hold, ...] = ()
    notices: tuple[Notice, ...] = ()
    extensions: tuple[Extension, ...] = ()
    schema: int = SCHEMA
    op_id: str = ""
    version: int = 0

    @property
    def name(self) -> str:
        """The server's name at the provider, and the machine's hostname."""
        return f"cc-{self.id}"

    @property
    def terminal(self) -> bool:
        """Whether nothing can happen to it any more but the purge."""
        return self.status in TERMINAL

"""The shapes of answers, as pydantic models: they make the OpenAPI document, and tests hold real answers against it.

No request imports this file; views write plain dictionaries. Times are RFC 3339 in UTC, money is text in euros.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel

from chalicelib.domain.instance import EndReason, Status
from chalicelib.operations.ports import RunState

Euros = Annotated[str, Field(pattern=r"^[0-9]+\.[0-9]{2,}$")]
InstanceId = Annotated[str, Field(pattern=r"^[0-9a-f]{12}$")]


class Answer(BaseModel):
    """What all answers share: nothing is in them that the document does not name."""

    model_config = ConfigDict(extra="forbid")


class Stage(Answer):
    """One phase of the build, with what half of all builds stay under and what only one in twenty exceeds."""

    name: str
    started_at: datetime
    seconds: int = Field(ge=0)
    usual_seconds: int | None
    slow_seconds: int | None


class Attempt(Answer):
    """Which try to make the machine this is, and why the one before it came to nothing (null in lists and later)."""

    number: int = Field(ge=1)
    most: int
    begun_again: str | None


class HostKey(Answer):
    """The key the machine shows, to be compared before the first login."""

    fingerprint: str
    known_hosts: str


class HoursLeft(Answer):
    """By how much the end may still be moved."""

    hours_left: int = Field(ge=0)


class Cost(Answer):
    """What the provider bills, IPv4 included."""

    so_far_eur: Euros
    projected_eur: Euros


class Failure(Answer):
    """Why there is no machine; the last two fields are shown to the operator alone."""

    code: str
    message: str
    hint: str
    operator_hint: str | None = None
    detail: str | None = None


class Links(Answer):
    """Where to go on."""

    self: str
    log: str
    extend: str


class Instance(Answer):
    """One instance; the last three fields are shown to the operator alone."""

    id: InstanceId
    name: str
    status: Status
    stage: str | None
    step: str | None = None
    attempt: Attempt | None = None
    stages: list[Stage]
    server_type: str | None
    location: str | None
    choice_note: str | None
    ip: str | None
    ssh_command: str | None
    host_key: HostKey | None
    created_at: datetime
    running_at: datetime | None
    expires_at: datetime | None
    ended_at: datetime | None
    seconds_left: int | None = Field(ge=0)
    extension: HoursLeft | None
    failure: Failure | None
    end_reason: EndReason | None
    links: Links
    server_id: int | None = None
    email: str | None = None
    cost: Cost | None = None


class Created(Instance):
    """A new instance, with the token that manages it."""

    manage_token: str


class Asked(Instance):
    """What was asked for; an operator is told the token that manages it, a stranger gets it by mail."""

    manage_token: str | None = None


class AlreadyConfirmed(Answer):
    """A wish that was confirmed before: the token that does it opens nothing else."""

    id: InstanceId
    already_confirmed: Literal[True]


class ConfirmAnswer(RootModel[Created | AlreadyConfirmed]):
    """The instance with the token that manages it, told once; afterwards only that it has been confirmed."""


class Extended(Instance):
    """An instance with its new end."""

    old_expires_at: datetime
    hours_left: int = Field(ge=0)


class BoxTime(Answer):
    """What a machine is told about itself: its end, and by how much it may move it."""

    expires_at: datetime | None
    hours_left: int = Field(ge=0)


class InstancePage(Answer):
    """Some instances, newest first."""

    instances: list[Instance]
    next_cursor: str | None


class Log(Answer):
    """The end of a build's log, without secrets, and the try it is of (null before there is one)."""

    attempt: Attempt | None
    log: str


class OfferView(Answer):
    """A type's price in one location."""

    location: str
    price_hourly_eur: Euros
    price_monthly_eur: Euros


class TypeView(Answer):
    """A server type that can be had now."""

    name: str
    cores: int
    memory_gb: float
    disk_gb: int
    architecture: str
    price_hourly_eur: Euros
    price_monthly_eur: Euros
    locations: list[str]
    recommended: bool
    note: str | None
    offers: list[OfferView]


class Types(Answer):
    """What can be had, as of `read_at`."""

    types: list[TypeView]
    read_at: datetime | None


class LookedAt(Answer):
    """How much a run looked at."""

    rows: int
    servers: int


class Entry(Answer):
    """One thing a run did or left alone, and why."""

    what: str
    instance_id: str | None
    server_id: int | None
    why: str


class RunView(Answer):
    """One reap run."""

    id: str
    state: RunState
    dry_run: bool
    confirm: int | None
    requested_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    looked_at: LookedAt
    did: list[Entry]
    skipped: list[Entry]
    errors: list[str]
    frozen: str | None


class Runs(Answer):
    """Some runs, newest first."""

    runs: list[RunView]
    next_cursor: str | None


class OrphanCostView(Answer):
    """What a server without a row has cost: started hours and euros that no instance's ledger has.

    `instance_id` is what its label said, `deleted_at` when its delete was sent; `eur` is null where its type has no
    price any more.
    """

    server_id: int
    instance_id: str | None
    server_type: str | None
    location: str | None
    created_at: datetime
    deleted_at: datetime
    hours: int = Field(ge=1)
    eur: str | None


class OrphanCosts(Answer):
    """What some servers without a row have cost, the newest delete first."""

    orphans: list[OrphanCostView]
    next_cursor: str | None


class Health(Answer):
    """The service answers; `checks` names what it depends on."""

    status: str
    checks: dict[str, str] | None = None


class KeyPairView(Answer):
    """An ed25519 key."""

    private: str
    public: str


class Order(Answer):
    """All a builder needs."""

    instance_id: InstanceId
    attempt: int
    address: str
    ssh_port: int
    bootstrap_host_key: str
    install_key: KeyPairView
    final_host_key: KeyPairView
    authorized_key: str
    record: dict[str, Any]
    deadline: datetime
    build_token: str


class Heard(Answer):
    """A report was taken, and the phase it names may begin."""


class Document(BaseModel):
    """An OpenAPI 3.1 document."""

    model_config = ConfigDict(extra="allow")

    openapi: str


class Problem(BaseModel):
    """Why a request had no effect (RFC 9457); a program matches `code`."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    errors: dict[str, str] | None = None

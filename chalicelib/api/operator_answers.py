"""The shapes of what operators alone are answered, beside those of `answers.py`; made for the OpenAPI document too."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from chalicelib.api.answers import Answer, Euros, Instance, InstanceId
from chalicelib.domain.audit import Deed, Who
from chalicelib.domain.instance import EndReason, Status
from chalicelib.domain.signup import SignupKind
from chalicelib.domain.tokens import Purpose
from chalicelib.operations.ports import MarkerState


class MarkerView(Answer):
    """The marker in the provider's project as it was last seen."""

    id: int | None
    state: MarkerState | None
    epoch: int | None
    seen_at: datetime | None


class StackView(Answer):
    """Whether new machines are switched off, and why nothing may be deleted, if so."""

    uuid: str
    epoch: int
    paused: bool
    frozen: str | None
    swept_at: datetime | None
    marker: MarkerView


class Resumed(StackView):
    """New machines are switched on; what stood against them before."""

    was_paused: bool
    breaker_was_open: bool


class OwnerEnded(Answer):
    """What an address had and that is ended now; it cannot sign up any more."""

    ended: list[Instance]
    newly_excluded: bool


class OwnerAdmitted(Answer):
    """An address may sign up again."""

    was_excluded: bool


class BreakerView(Answer):
    """The circuit breaker: open until then, or not open."""

    open_until: datetime | None
    cause: str | None
    failures_in_a_row: int = Field(ge=0)
    held_back_from: int = Field(ge=1)
    reason: str | None


class FailedBuildsView(Answer):
    """Builds that failed for good within the last `hours`, by cause; `more`: these are the newest of still more.

    What failed for want of stock, of a builder or of room under a cap, or was called off, was no build and is not
    counted.
    """

    hours: int
    count: int = Field(ge=0)
    more: bool
    by_cause: dict[str, int]
    newest_at: datetime | None


class LiveView(Answer):
    """Machines that count against the cap."""

    now: int
    most: int


class CreatesView(Answer):
    """Machines made in the last hour, as it is counted: a few minutes longer, never shorter."""

    this_hour: int
    most: int


class ProviderRequestsView(Answer):
    """Requests to the provider in the last hour as it is counted, by all functions; a part only creates may use."""

    this_hour: int = Field(ge=0)
    most: int
    kept_for_creates: int
    resets_at: datetime


class SpendView(Answer):
    """Money: what is set aside this month against the cap, and what the machines cost that are there."""

    month: Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}$")]
    reserved_eur: str
    cap_eur: Euros
    so_far_eur: Euros
    projected_eur: Euros


class LateView(Answer):
    """An instance of which something was due and has not happened."""

    instance_id: InstanceId
    status: Status
    why: str
    since: datetime


class UndeliveredView(Answer):
    """A mail that did not arrive, or of which that is not known."""

    instance_id: InstanceId
    mail: str
    state: str


class OperatorState(Answer):
    """The state of everything; `more`: there are machines that were not looked at."""

    now: datetime
    stack: StackView
    breaker: BreakerView
    failed_builds: FailedBuildsView
    signup: SignupKind
    live: LiveView
    creates: CreatesView
    provider_requests: ProviderRequestsView
    spend: SpendView
    late: list[LateView]
    undelivered: list[UndeliveredView]
    more: bool


class AuditEntryView(Answer):
    """One change: who, by which kind of token (and which of the operators' tokens), what, when."""

    at: datetime
    who: Who
    token: Purpose | None
    token_name: str | None
    did: Deed
    instance_id: InstanceId | None
    about: str


class AuditPage(Answer):
    """The newest changes, newest first."""

    entries: list[AuditEntryView]


class ExplainedInstance(Answer):
    """What of an instance has to do with its end."""

    id: InstanceId
    status: Status
    server_id: int | None
    expires_at: datetime | None
    ended_at: datetime | None
    end_reason: EndReason | None
    failure: str | None


class ToldView(Answer):
    """What runs said of it, and how often the very same; `run` is the newest of them."""

    what: str
    why: str
    instance_id: str | None
    server_id: int | None
    first_at: datetime
    last_at: datetime
    times: int = Field(ge=1)
    run: str


class LookedAt(Answer):
    """How many runs were looked at, and from when on."""

    runs: int = Field(ge=0)
    since: datetime | None


class Explanation(Answer):
    """Why something was deleted, or was not: the answer in a sentence, and what it rests on."""

    answer: str
    instance: ExplainedInstance | None
    told: list[ToldView]
    audit: list[AuditEntryView]
    looked_at: LookedAt

"""The shapes of what operators alone are answered, beside those of `answers.py`; made for the OpenAPI document too."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from chalicelib.api.answers import Answer, Euros, Instance, InstanceId
from chalicelib.domain.audit import Deed, Who
from chalicelib.domain.instance import Status
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
    reason: str | None


class LiveView(Answer):
    """Machines that count against the cap."""

    now: int
    most: int


class CreatesView(Answer):
    """Machines made in this hour of the clock."""

    this_hour: int
    most: int


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
    signup: SignupKind
    live: LiveView
    creates: CreatesView
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

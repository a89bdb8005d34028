"""Every limit the operator sets, as one value; `config.py` reads it, the verbs obey it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum

from chalicelib.domain.signup import NOBODY, SignupPolicy
from chalicelib.domain.sliding_window import SlidingWindow


class Rounding(StrEnum):
    """How an end is fitted to the hours Hetzner bills: at least what was asked, or exactly what is paid."""

    UP = "up"
    DOWN = "down"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Hours are whole hours, money is euros, `types` and `locations` are allowed in this order and no others."""

    types: tuple[str, ...]
    locations: tuple[str, ...]
    default_hours: int
    max_hours: int
    max_life_hours: int
    max_live: int
    max_creates_per_hour: int
    max_monthly_eur: Decimal
    per_owner: int
    rounding: Rounding
    claim_within: timedelta = timedelta(minutes=7)
    """How long an attempt may take from its start to its claim (2 min where the builder is a child process)."""
    box_extend: bool = False
    """Whether a machine may give itself more time with the token in its record."""
    signup: SignupPolicy = NOBODY
    per_source: int = 10
    """Requests to sign up from one source a minute, and signups taken from it an hour; operators have no such limit."""


PROVIDER_REQUESTS_PER_HOUR = 3000
"""Our own budget of requests to the provider, below Hetzner's 3600 (`hetzner.md`)."""

PROVIDER_REQUESTS_FOR_CREATES = PROVIDER_REQUESTS_PER_HOUR // 10
"""The part of the budget that only creates may use."""


PROVIDER_REQUESTS = SlidingWindow(name="provider", length=timedelta(hours=1))
"""The requests to the provider in any hour; all functions count there."""

CREATES = SlidingWindow(name="creates", length=timedelta(hours=1))
"""The creates in any hour; attempts count, since churn has closed accounts (`hetzner.md`)."""

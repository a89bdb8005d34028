"""An instance that is over: what it still owes are letters, and an end to a builder that may not have heard of it."""

from __future__ import annotations

from datetime import datetime

from chalicelib.domain.instance import Instance
from chalicelib.operations.services import Services
from chalicelib.operations.stages import deliver, ended_attempt
from chalicelib.operations.step import Step


def step(services: Services, row: Instance, now: datetime) -> Step:
    """Send what is due; with it the builder is told once more, should its platform not have answered before."""
    ended_attempt.call_off(services, row)
    return deliver.step(services, row, now)

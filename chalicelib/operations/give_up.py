"""An instance that cannot be had: the breaker is told why, a person where there may be a stranger, and it is deleted.

Told before the row is written: a crash between the two makes the step be taken again, and the breaker counts each
instance once.
"""

from __future__ import annotations

from datetime import datetime

from chalicelib.domain.build import SUSPICIOUS_CAUSES, Cause
from chalicelib.domain.instance import Instance
from chalicelib.operations import breaker
from chalicelib.operations.services import Services
from chalicelib.operations.step import Step, fail


def give_up(services: Services, row: Instance, cause: Cause, now: datetime) -> Step:
    """The step that ends the instance for this cause."""
    if cause in SUSPICIOUS_CAUSES:
        services.alarms.raise_alarm("build.suspicious", instance_id=row.id, cause=cause.value)
    breaker.note_failure(services, row.id, cause, now)
    return fail(cause, now)

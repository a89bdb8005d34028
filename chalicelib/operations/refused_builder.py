"""Whoever speaks as a builder and is none: answered as if there were no such instance, counted, and told a person.

A claim code or a build token that is wrong, another instance's or another attempt's, and an id that does not exist are
one to the caller (row C6). The log names instance and attempt, never what was shown.
"""

from __future__ import annotations

import contextlib
import logging
from datetime import datetime, timedelta

from chalicelib.domain.errors import NotFound, Unavailable
from chalicelib.operations.authorise import unknown
from chalicelib.operations.services import Services

ALARM_EACH = 20
"""So many in one hour are an alarm, and so is each further such number: a lost builder repeats itself a few times."""

KEPT = timedelta(days=2)

_log = logging.getLogger("ccc.builds")


def refusals_key(now: datetime) -> str:
    """The counter of refusals in this hour."""
    return f"rate#builders-refused#{now:%Y%m%d%H}"


def refused_builder(services: Services, instance_id: str, attempt: int, *, what: str) -> NotFound:
    """The answer to raise; `what` is `claim` or `report`. A table that does not answer costs a count at most."""
    now = services.clock.now()
    fields = {"instance_id": instance_id, "attempt": attempt, "what": what}
    _log.warning("builder.refused_caller", extra={"fields": fields})
    with contextlib.suppress(Unavailable):
        count = services.instances.add(refusals_key(now), 1, cap=None, expires_at=now + KEPT)
        if count % ALARM_EACH == 0:
            services.alarms.raise_alarm("builders.refused", in_this_hour=count)
    return unknown()

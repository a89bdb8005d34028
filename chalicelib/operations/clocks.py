"""Whether our clock can be believed before something is deleted because of the time (rule R9)."""

from __future__ import annotations

from datetime import datetime, timedelta

from chalicelib.domain.reasons import Reason
from chalicelib.operations.services import Services

TOLERANCE = timedelta(seconds=60)


def doubt(services: Services, now: datetime) -> str | None:
    """Why the time is not to be trusted, or None. To be asked right after a provider answer.

    Store and provider both off: nothing is reaped. One alone: an alarm. Where the store has no clock of its own, the
    provider's decides alone.
    """
    store, provider = services.instances.store_time(), services.servers.provider_time()
    off = [other for other in (store, provider) if other is not None and abs(other - now) > TOLERANCE]
    if not off:
        return None
    services.alarms.raise_alarm("clock.disagrees", seconds=int((off[0] - now).total_seconds()))
    asked = [other for other in (store, provider) if other is not None]
    if len(off) == len(asked):
        return Reason.CLOCK
    return None

"""Whether our clock can be believed before something is done because of the time (rule R9).

There are two others to hold it against: the store's, where it has one, and the provider's, which comes with each of its
answers. A moment that has come by our clock alone has not come.
"""

from __future__ import annotations

import contextlib
from datetime import datetime, timedelta

from chalicelib.domain.errors import CccError, ProviderError, ProviderUnknown
from chalicelib.domain.reasons import Reason
from chalicelib.operations import marker
from chalicelib.operations.services import Services

TOLERANCE = timedelta(seconds=60)


class ClockDoubted(CccError):
    """Our clock says that a moment has come, and nobody else does: the row is to be left as it is."""

    code = "clock_doubted"


def doubt(services: Services, now: datetime) -> str | None:
    """Why the time is not to be trusted, or None. To be asked right after a provider answer.

    Store and provider both off: nothing is reaped. One alone: an alarm. Where the store has no clock of its own, the
    provider's decides alone.
    """
    asked = _known(services)
    off = [other for other in asked if not _agrees(other, now)]
    if not off:
        return None
    _tell(services, off[0], now)
    return Reason.CLOCK if len(off) == len(asked) else None


def over(services: Services, moment: datetime, now: datetime, *, unheard: bool) -> bool:
    """Whether a moment has come; asked before anything final is done because of the time.

    False while it has not come by our own clock; ClockDoubted when it has come by that alone. `unheard` is whether our
    clock is believed when there is nobody to ask: the store has no clock, and the provider does not answer.
    """
    if now < moment:
        return False
    others = _heard(services, now)
    if not others and not unheard:
        raise ClockDoubted("Nobody could be asked for the time.")
    if not others or any(_agrees(other, now) for other in others) or min(others) >= moment:
        return True
    _tell(services, others[0], now)
    raise ClockDoubted("By the clocks of others the moment has not come.")


def contradicted(services: Services, now: datetime) -> bool:
    """Whether store and provider both say that our clock is wrong.

    Then other workers, whose clocks are right, share this table. Whatever this one wrote would carry its time: a row
    that is due again in an hour. A store without a clock is that of a single machine, with one clock for all.
    """
    store = services.instances.store_time()
    if store is None or _agrees(store, now):
        return False
    provider = _provider(services, now)
    if provider is None or _agrees(provider, now):
        return False
    _tell(services, provider, now)
    return True


def _agrees(other: datetime, now: datetime) -> bool:
    return abs(other - now) <= TOLERANCE


def _known(services: Services) -> list[datetime]:
    """The others' times that are at hand: the store's first."""
    both = services.instances.store_time(), services.servers.provider_time()
    return [other for other in both if other is not None]


def _heard(services: Services, now: datetime) -> list[datetime]:
    """The others' times; the provider is asked for its own only if nobody else confirms ours."""
    known = _known(services)
    if any(_agrees(other, now) for other in known):
        return known
    _provider(services, now)
    return _known(services)


def _provider(services: Services, now: datetime) -> datetime | None:
    """The provider's time, if need be by a look at the marker.

    Its Date then counts for a minute, so this is one request for however many rows; and one in a while when there is
    no answer (`marker.SILENCE`).
    """
    if services.servers.provider_time() is None:
        with contextlib.suppress(ProviderError, ProviderUnknown):
            marker.look(services, now)
    return services.servers.provider_time()


def _tell(services: Services, other: datetime, now: datetime) -> None:
    services.alarms.raise_alarm("clock.disagrees", seconds=int((other - now).total_seconds()))

"""What may be bought for a wish at this moment, and whether the caps of the service leave room for it.

Nothing is reserved here: reserving is what the write of the row does (`save.py`). These questions are asked before, so
that a refusal comes early and in words.
"""

from __future__ import annotations

from datetime import datetime

from chalicelib.domain import budget, catalogue, lease
from chalicelib.domain.errors import InvalidInput, LimitReached, OutOfStock, Paused, StoreUnavailable
from chalicelib.domain.instance import Choice, Hold, Wish
from chalicelib.domain.limits import CREATES
from chalicelib.operations import breaker, marker, ration
from chalicelib.operations.save import LIVE, limit_reached, spend_key
from chalicelib.operations.services import Services


def affordable(services: Services, wish: Wish, now: datetime) -> tuple[Choice, ...]:
    """What may be bought for a wish at this moment, in order; raises what stands in the way."""
    limits = services.limits
    if not 1 <= wish.hours <= limits.max_hours:
        raise InvalidInput({"hours": f"Give whole hours from 1 to {limits.max_hours}."})
    if marker.require_stack(services).paused:
        raise Paused("The operator has switched new machines off for the moment.")
    breaker.require_closed(services, now)
    choices = in_stock(services, wish, now)
    if not choices:
        what = wish.server_type or "No server type of this service"
        where = f" in {wish.location}" if wish.location else ""
        raise OutOfStock(f"{what}{where} is not in stock now. The list of types shows what can be had.")
    _check_creates(services, now)
    return choices


def in_stock(services: Services, wish: Wish, now: datetime) -> tuple[Choice, ...]:
    """What a wish may lead to as the market stands, in order; empty when nothing of it can be had now."""
    market = services.catalogue.market()
    if market is None:
        raise StoreUnavailable("The list of server types has not been read yet. Try again in a minute.")
    catalogue.check_wish(market, services.limits, wish)
    return catalogue.candidates(market, services.limits, wish, services.catalogue.refused(now))


def reservation(services: Services, wish: Wish, choices: tuple[Choice, ...], now: datetime) -> Hold:
    """The money for the dearest choice and the most hours it can be billed."""
    hours = lease.most_paid_hours(wish.hours, services.limits.rounding)
    return budget.hold(now, catalogue.dearest(choices), hours)


def check_room(services: Services, wanted: Hold) -> None:
    """LimitReached when one more machine would pass a cap of the operator. Only a look: nothing is reserved."""
    limits, spend = services.limits, spend_key(wanted.month)
    counted = services.instances.counters([LIVE, spend])
    if counted[LIVE] >= limits.max_live:
        raise limit_reached(services, LIVE)
    if counted[spend] + wanted.micro_eur > budget.micro(limits.max_monthly_eur):
        raise limit_reached(services, spend)


def _check_creates(services: Services, now: datetime) -> None:
    """Refuse early what `creating` would only make wait: the hour's creations are used up."""
    cap = services.limits.max_creates_per_hour
    if ration.used(services.instances, CREATES, now) >= cap:
        raise LimitReached(
            f"The service makes at most {cap} machines an hour. Try again later.", limit="creates", left=0
        )

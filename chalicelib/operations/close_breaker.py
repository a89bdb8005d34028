"""Close the circuit breaker before its hour is over: an operator has found what was wrong."""

from __future__ import annotations

from chalicelib.domain import breaker
from chalicelib.operations.breaker import change
from chalicelib.operations.services import Services


def close_breaker(services: Services) -> bool:
    """Whether it was open; WriteConflict when too many others change it just now."""
    before, _ = change(services, breaker.closed)
    return breaker.open_until(before, services.clock.now()) is not None

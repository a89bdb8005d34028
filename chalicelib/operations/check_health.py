"""Check what the service depends on, without a provider request: the store, and what tick and builds have left there.

An open breaker is shown here too: whoever watches the service learns that it makes no machines, and why.
"""

from __future__ import annotations

from collections.abc import Callable

from chalicelib.domain.errors import CccError, Paused
from chalicelib.operations import breaker
from chalicelib.operations.services import Services

OK = "ok"


def check_health(services: Services) -> dict[str, str]:
    """A sentence per dependency; `ok` where nothing is wrong."""
    try:
        stack, market, builds = services.stack.get(), services.catalogue.market(), _builds(services)
    except CccError as error:
        return {"store": error.message, "catalogue": "unknown", "builds": "unknown", **_told(services)}
    store = OK if stack is not None else "the table was never set up: it has no stack item"
    catalogue = OK if market is not None else "the list of server types has not been read yet"
    return {"store": store, "catalogue": catalogue, "builds": builds, **_told(services)}


def _builds(services: Services) -> str:
    try:
        breaker.require_closed(services, services.clock.now())
    except Paused as held_back:
        return held_back.message
    return OK


def _told(services: Services) -> dict[str, str]:
    """What the service is told from outside, in secret or not: without its address it can end machines, and no more."""
    return {"keyring": _is_there(services.keyring.newest), "address": _is_there(services.find_url)}


def _is_there(ask: Callable[[], str]) -> str:
    try:
        ask()
    except CccError as error:
        return error.message
    return OK

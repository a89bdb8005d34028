"""Check what the service depends on, without a provider request: the store, and what the tick has left there."""

from __future__ import annotations

from chalicelib.domain.errors import CccError
from chalicelib.operations.services import Services

OK = "ok"


def check_health(services: Services) -> dict[str, str]:
    """A sentence per dependency; `ok` where nothing is wrong."""
    try:
        stack, market = services.stack.get(), services.catalogue.market()
    except CccError as error:
        return {"store": error.message, "catalogue": "unknown", "keyring": _keyring(services)}
    store = OK if stack is not None else "the table was never set up: it has no stack item"
    catalogue = OK if market is not None else "the list of server types has not been read yet"
    return {"store": store, "catalogue": catalogue, "keyring": _keyring(services)}


def _keyring(services: Services) -> str:
    try:
        services.keyring.newest()
    except CccError as error:
        return error.message
    return OK

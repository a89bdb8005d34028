"""Servers behind a token that may have been changed a moment ago, as the `Servers` port around another (row Z2).

Whoever is refused with a token that was read minutes ago has it read anew, and asks once more where it is another one
now. A refusal had no effect, so the second request is the first; without a newer token the refusal stands.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from chalicelib.domain.catalogue import Market
from chalicelib.domain.errors import StoreUnavailable, TokenRejected
from chalicelib.domain.instance import Machine
from chalicelib.domain.orphans import ServerFact
from chalicelib.operations.ports import Marker, ServerOrder, Servers

Answer = TypeVar("Answer")


class RenewedServers:
    """`servers` asks for its token at each request; `refresh` reads tokens anew, and may raise StoreUnavailable."""

    def __init__(self, servers: Servers, refresh: Callable[[], object]) -> None:
        self._servers = servers
        self._refresh = refresh

    def create(self, order: ServerOrder) -> Machine:
        """Create a server once."""
        return self._asked(lambda: self._servers.create(order))

    def find(self, name: str) -> ServerFact | None:
        """The server of this name, or None."""
        return self._asked(lambda: self._servers.find(name))

    def get(self, server_id: int) -> ServerFact | None:
        """The server of this numeric id, or None for a 404."""
        return self._asked(lambda: self._servers.get(server_id))

    def delete(self, server_id: int) -> None:
        """Delete; a 404 is a success."""
        return self._asked(lambda: self._servers.delete(server_id))

    def rebuild(self, server_id: int) -> None:
        """Reset the server to its stock image."""
        return self._asked(lambda: self._servers.rebuild(server_id))

    def listed(self, stack: str) -> tuple[ServerFact, ...]:
        """All servers labelled as this stack's."""
        return self._asked(lambda: self._servers.listed(stack))

    def market(self, now: datetime) -> Market:
        """Types, prices and stock as they are now."""
        return self._asked(lambda: self._servers.market(now))

    def read_marker(self, stack: str, marker_id: int | None) -> Marker:
        """The marker by its id, or by its name while the id is not known."""
        return self._asked(lambda: self._servers.read_marker(stack, marker_id))

    def plant_marker(self, stack: str, epoch: int, public_key: str) -> Marker:
        """Make the marker."""
        return self._asked(lambda: self._servers.plant_marker(stack, epoch, public_key))

    def raise_epoch(self, marker_id: int, stack: str, epoch: int) -> None:
        """Write an epoch into the marker's label."""
        return self._asked(lambda: self._servers.raise_epoch(marker_id, stack, epoch))

    def provider_time(self) -> datetime | None:
        """The Date of the provider's last answer, while it is young."""
        return self._servers.provider_time()

    def token_fingerprint(self) -> str:
        """A digest of the token in use."""
        return self._servers.token_fingerprint()

    def _asked(self, ask: Callable[[], Answer]) -> Answer:
        before = self._fingerprint()
        try:
            return ask()
        except TokenRejected:
            if not self._is_newer_than(before):
                raise
        return ask()

    def _is_newer_than(self, fingerprint: str) -> bool:
        try:
            self._refresh()
        except StoreUnavailable:
            return False
        return self._fingerprint() != fingerprint

    def _fingerprint(self) -> str:
        try:
            return self._servers.token_fingerprint()
        except TokenRejected:  # one that could not even be sent
            return ""

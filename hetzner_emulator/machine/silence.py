"""What a machine that hangs is on the network: its kernel takes connections, and nobody behind it says a word."""

import asyncio

from hetzner_emulator.machine.login import Connections


class Silence(asyncio.Protocol):
    """One connection that hears nothing; it is kept among `connections`, to be cut with the machine."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._transport: asyncio.BaseTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the connection."""
        self._transport = transport
        if isinstance(transport, asyncio.Transport):
            self._connections.add(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        del exc
        if isinstance(self._transport, asyncio.Transport):
            self._connections.remove(self._transport)

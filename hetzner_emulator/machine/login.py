"""Who gets in: public keys only, the ones the machine knows for that user."""

from typing import Protocol

import asyncssh

from hetzner_emulator.machine.machine import Machine


class Connection(Protocol):
    """What can be cut: a connection of asyncssh's, or one below it."""

    def abort(self) -> None:
        """End at once."""


class Connections:
    """The open connections to one machine; once cut, one that was just being accepted is cut as well."""

    def __init__(self) -> None:
        self._open: set[Connection] = set()
        self._cut = False

    def add(self, connection: Connection) -> None:
        """Take a new connection."""
        if self._cut:
            connection.abort()
        else:
            self._open.add(connection)

    def remove(self, connection: Connection) -> None:
        """Forget one that has ended."""
        self._open.discard(connection)

    def cut(self) -> None:
        """End all, now and from now on."""
        self._cut = True
        for connection in list(self._open):
            connection.abort()


class Login(asyncssh.SSHServer):
    """The authentication of one connection; it adds itself to `connections` while it lasts."""

    def __init__(self, machine: Machine, connections: Connections) -> None:
        self._machine = machine
        self._connections = connections
        self._connection: asyncssh.SSHServerConnection | None = None
        self._inside = False

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        """Remember the connection, to cut it when the machine goes down."""
        self._connection = conn
        self._connections.add(conn)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        del exc
        if self._connection is not None:
            self._connections.remove(self._connection)
        if self._inside:
            self._machine.is_left()

    def auth_completed(self) -> None:
        """Remember that somebody got in."""
        self._inside = True

    def begin_auth(self, username: str) -> bool:
        """Nobody gets in without a key."""
        del username
        return True

    def public_key_auth_supported(self) -> bool:
        """Public keys are the only way."""
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        """Tell whether the key is one of the user's."""
        return any(_is(line, key) for line in self._machine.logins().get(username, []))


def _is(line: str, key: asyncssh.SSHKey) -> bool:
    try:
        return asyncssh.import_public_key(line).public_data == key.public_data
    except (asyncssh.KeyImportError, ValueError):
        return False

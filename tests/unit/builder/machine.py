"""A machine to install: a real SSH server whose host key, logins and files change as those of a server would."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

import asyncssh

from chalicelib.domain.build import KeyPair

ADDRESS = "127.0.0.1"


@dataclass(slots=True)
class Seen:
    """What the machine noticed: connections, user names that tried to log in, commands that ran."""

    connections: int = 0
    users: list[str] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)


class Machine:
    """Off at first; `boot` makes it answer on a port that stays the same."""

    def __init__(self) -> None:
        self.seen = Seen()
        self.files: dict[str, bytes] = {}
        self.port = 0
        self.dies_at_login_of = ""
        self._doors: dict[str, str] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._acceptor: asyncssh.SSHAcceptor | None = None
        self._connections: set[asyncssh.SSHServerConnection] = set()
        self.boot(asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode(), {})
        self.power_off()

    def boot(self, host_key: str, doors: dict[str, str]) -> None:
        """Answer with this private host key and let in these users, each with one public key."""
        self.power_off()
        self._doors = doors
        self._do(self._listen([asyncssh.import_private_key(host_key)]))

    def boot_stock(self, host: KeyPair, install: KeyPair) -> None:
        """Come up as the stock system: root opens with the install key."""
        self.boot(host.private, {"root": install.public})

    def boot_installed(self, host: KeyPair, guest: str) -> None:
        """Come up as the guest's machine."""
        self.boot(host.private, {"claude": guest})

    def boot_with_rsa(self) -> None:
        """Come up as a machine that has no ed25519 host key at all."""
        self.power_off()
        self._do(self._listen([asyncssh.generate_private_key("ssh-rsa", key_size=2048)]))

    def power_off(self) -> None:
        """Refuse connections."""
        self._do(self._close())

    def close(self) -> None:
        """Go for good, and take with it whoever was just coming in."""
        self.power_off()
        self._do(self._turn_away())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _listen(self, keys: list[asyncssh.SSHKey]) -> None:
        self._acceptor = await asyncssh.listen(
            ADDRESS,
            self.port,
            server_factory=lambda: _Door(self),
            server_host_keys=keys,
            process_factory=self._run,
            encoding=None,
            reuse_address=True,
        )
        self.port = self._acceptor.get_port()

    async def _close(self) -> None:
        acceptor, self._acceptor = self._acceptor, None
        if acceptor is not None:
            self._accept_no_more(acceptor)
            await asyncio.sleep(0)  # whoever was accepted just now still needs the server for a moment
            await asyncio.sleep(0)
            acceptor.close()
        self._cut_off()
        if acceptor is not None:
            await acceptor.wait_closed()
        await asyncio.sleep(0)

    def _accept_no_more(self, acceptor: asyncssh.SSHAcceptor) -> None:
        for listening in acceptor.sockets:
            self._loop.remove_reader(listening.fileno())

    def _cut_off(self) -> None:
        for connection in list(self._connections):
            connection.abort()

    def die(self) -> None:
        """Answer nobody any more; told from within the machine."""
        if self._acceptor is not None:
            self._accept_no_more(self._acceptor)
        self._cut_off()

    async def _turn_away(self) -> None:
        for _ in range(10):
            await asyncio.sleep(0.005)
            self._cut_off()

    def _run(self, process: asyncssh.SSHServerProcess[bytes]) -> None:
        command = process.command or ""
        self.seen.commands.append(command)
        content = self.files.get(command.removeprefix("cat "))
        if content is None:
            process.exit(1)
            return
        process.stdout.write(content)
        process.exit(0)

    def lets_in(self, user: str, key: asyncssh.SSHKey) -> bool:
        """Whether the key opens the user."""
        wanted = self._doors.get(user)
        return wanted is not None and asyncssh.import_public_key(wanted) == key


class _Door(asyncssh.SSHServer):
    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._connection: asyncssh.SSHServerConnection | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        self._machine.seen.connections += 1
        self._machine._connections.add(conn)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 -- the library's signature
        if self._connection:
            self._machine._connections.discard(self._connection)

    def begin_auth(self, username: str) -> bool:
        self._machine.seen.users.append(username)
        if username == self._machine.dies_at_login_of:
            self._machine.die()
        return True

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        return self._machine.lets_in(username, key)

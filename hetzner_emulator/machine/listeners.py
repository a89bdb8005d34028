"""Keeps the SSH servers as the timelines say: listening, as whom, or refusing.

A loop looks only at servers whose next change is due or whose record has changed.
"""

import asyncio
import heapq
import logging
import shutil
from dataclasses import dataclass

import asyncssh

from hetzner_emulator.emulator import Emulator
from hetzner_emulator.guest.sessions import Guests
from hetzner_emulator.machine.login import Connections, Login
from hetzner_emulator.machine.machine import Machine
from hetzner_emulator.machine.root import root_process
from hetzner_emulator.machine.silence import Silence
from hetzner_emulator.records import Server, at

_STEP = 0.02
_DEAF = ("none", "leaving")
_RETRY = 0.5
_GRACE = 1.0
_LOG = logging.getLogger(__name__)


@dataclass(slots=True)
class _Open:
    """A machine that answers: which entry of its timeline, and what has to be closed."""

    entry: tuple[float, str]
    acceptor: asyncssh.SSHAcceptor | asyncio.Server
    connections: Connections
    leaving: bool = False

    def leave(self) -> None:
        """Take no more connections; those there are may still hear the answer to what they ordered."""
        self.acceptor.close()
        self.leaving = True

    def make_way(self, system: str) -> Connections:
        """End, and return the connections of what comes next: one that hangs keeps those it had, and says no more."""
        if system == "hung" and not self.leaving:
            self.acceptor.close()
            return self.connections
        self.close()
        return Connections()

    def close(self) -> None:
        self.acceptor.close()
        if self.leaving:
            asyncio.get_running_loop().call_later(_GRACE, self.connections.cut)
        else:
            self.connections.cut()


def _has_left(server: Server, since: float, now: float) -> bool:
    """Whether a machine that began at `since` was leaving meanwhile, which a busy host may have had no time to see."""
    return any(system == "leaving" and since < moment <= now for moment, system in server.ssh_line)


class Listeners:
    """All SSH servers of one emulator."""

    def __init__(self, emulator: Emulator, guests: Guests) -> None:
        self._emulator = emulator
        self._guests = guests
        self._open: dict[int, _Open] = {}
        self._due: list[tuple[float, int]] = []

    async def run(self) -> None:
        """Follow the timelines until cancelled."""
        try:
            while True:
                await self.catch_up()
                await asyncio.sleep(_STEP)
        finally:
            for machine in self._open.values():
                machine.close()

    async def catch_up(self) -> None:
        """Bring every server that is due to where its timeline is now."""
        now = self._emulator.clock.now()
        changed = self._emulator.world.changed_servers
        ids = set(changed)
        changed.clear()
        while self._due and self._due[0][0] <= now:
            ids.add(heapq.heappop(self._due)[1])
        for ident in ids:
            await self._settle(self._emulator.world.servers[ident], now)

    async def _settle(self, server: Server, now: float) -> None:
        entry = (0.0, "none") if server.deleted_at is not None else at(server.ssh_line, now)
        current, connections = self._open.get(server.id), Connections()
        if current is not None and entry[1] == "leaving" and server.deleted_at is None:
            current.leave()
        elif current is not None and current.entry != entry:
            if server.deleted_at is None and _has_left(server, current.entry[0], now):
                current.leave()
            connections = self._open.pop(server.id).make_way(entry[1])
            current = None
        if current is None and entry[1] not in _DEAF and server.ipv4 is not None:
            await self._listen(server, entry, now, connections)
        self._tidy(server)
        for moment, _ in server.ssh_line:
            if moment > now and server.deleted_at is None:
                heapq.heappush(self._due, (moment, server.id))

    async def _listen(self, server: Server, entry: tuple[float, str], now: float, connections: Connections) -> None:
        hung, machine = entry[1] == "hung", Machine(self._emulator, server.id, entry[1])
        try:
            acceptor = await (self._silent(machine, connections) if hung else self._ssh(machine, connections))
        except (OSError, asyncssh.Error, ValueError) as error:
            _LOG.warning("server %s cannot answer at %s: %s", server.name, server.ipv4, error)
            heapq.heappush(self._due, (now + _RETRY, server.id))
            return
        self._open[server.id] = _Open(entry, acceptor, connections)

    async def _ssh(self, machine: Machine, connections: Connections) -> asyncssh.SSHAcceptor:
        guest = machine.system == "guest"
        return await asyncssh.listen(
            machine.server.ipv4 or "",
            self._emulator.ssh_port,
            server_factory=lambda: Login(machine, connections),
            server_host_keys=[asyncssh.import_private_key(machine.host_key())],
            process_factory=self._guests.process(machine) if guest else root_process(machine),
            sftp_factory=self._guests.sftp(machine) if guest else None,
            allow_scp=guest,
            encoding=None,
            line_editor=False,
            reuse_address=True,
            server_version="OpenSSH_9.6p1",
        )

    async def _silent(self, machine: Machine, connections: Connections) -> asyncio.Server:
        loop, address = asyncio.get_running_loop(), machine.server.ipv4 or ""
        return await loop.create_server(lambda: Silence(connections), address, self._emulator.ssh_port)

    def _tidy(self, server: Server) -> None:
        """Remove the folders of servers that are deleted and of systems that were rebuilt."""
        folder = self._emulator.folder_of(server)
        if server.deleted_at is not None and folder.exists():
            shutil.rmtree(folder, ignore_errors=True)
            self._guests.forget(folder)
        if server.generation:
            for number in range(server.generation):
                shutil.rmtree(folder.with_name(f"{server.id}-{number}"), ignore_errors=True)

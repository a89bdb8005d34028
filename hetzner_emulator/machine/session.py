"""One command on its way: what was asked, where its input comes from and its output goes."""

import asyncio
import re
from dataclasses import dataclass

import asyncssh

from hetzner_emulator.machine.machine import Machine

_NOTICE = 0.05
_MOST = 64 * 1024 * 1024
_CHUNK = 1024 * 1024


@dataclass(slots=True, kw_only=True)
class Session:
    """A command of root's; `match` is what the table's pattern found."""

    machine: Machine
    process: asyncssh.SSHServerProcess[bytes]
    match: re.Match[str] | None = None

    def out(self, data: bytes | str) -> None:
        """Write to its standard output."""
        self.process.stdout.write(data.encode() if isinstance(data, str) else data)

    def err(self, data: bytes | str) -> None:
        """Write to its standard error."""
        self.process.stderr.write(data.encode() if isinstance(data, str) else data)

    def group(self, name: str) -> str:
        """Return a named part of the command."""
        return (self.match.group(name) if self.match is not None else None) or ""

    async def input(self) -> bytes:
        """Return all its standard input, at most 64 MiB."""
        parts, size = [], 0
        while chunk := await self.process.stdin.read(_CHUNK):
            size += len(chunk)
            if size > _MOST:
                raise OSError(27, "File too large for an emulated machine")
            parts.append(chunk)
        return b"".join(parts)

    async def discard_input(self) -> int:
        """Read its standard input away and return how much there was."""
        size = 0
        while chunk := await self.process.stdin.read(_CHUNK):
            size += len(chunk)
        return size

    async def comes_to(self, point: str) -> None:
        """Come to a point of an install; if the machine dies there, this command is never answered."""
        if self.machine.comes_to(point):
            if not self.machine.silent:
                self.process.get_extra_info("connection").abort()
            await self.silence()

    async def silence(self) -> None:
        """Say nothing until the other side has gone or was cut off, and raise a ConnectionAbortedError then."""
        await self.process.wait_closed()
        raise ConnectionAbortedError

    async def leave(self) -> None:
        """Wait until the machine no longer takes connections, when its leaving is a matter of moments."""
        await asyncio.sleep(_NOTICE)

    async def wait(self, seconds: float) -> None:
        """Let that much of the shifted clock pass."""
        clock = self.machine.emulator.clock
        await clock.sleep_until(clock.now() + seconds)

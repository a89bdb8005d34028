"""Root's side of a stock or installer system: every command goes to the table, none to a shell of the host."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

import asyncssh

from hetzner_emulator.machine.commands import COMMANDS
from hetzner_emulator.machine.machine import Machine
from hetzner_emulator.machine.session import Session

_EXPIRED = (
    b"WARNING: Your password has expired.\n"
    b"Password change required but no TTY available.\n"
)  # fmt: skip
_NO_SHELL = b"This emulated machine has no interactive shell for root.\n"
_LOG = logging.getLogger(__name__)

Process = asyncssh.SSHServerProcess[bytes]


def root_process(machine: Machine) -> Callable[[Process], Awaitable[None]]:
    """Return the process handler of one machine."""

    async def handle(process: Process) -> None:
        try:
            status = await _run(Session(machine=machine, process=process))
        except (asyncssh.Error, ConnectionError, BrokenPipeError):
            return
        except (asyncio.CancelledError, asyncssh.BreakReceived):
            raise
        except OSError as error:
            _LOG.warning("a command on %s failed: %s", machine.server.name, error)
            process.stderr.write(f"{error.strerror}\n".encode())
            status = 1
        process.exit(status)

    return handle


async def _run(session: Session) -> int:
    if session.machine.silent:
        await session.silence()
    if session.machine.system == "stock" and session.machine.server.password_expired:
        session.err(_EXPIRED)
        return 1
    command = session.process.command
    if command is None:
        session.err(_NO_SHELL)
        return 1
    for pattern, run in COMMANDS:
        match = pattern.fullmatch(command.strip())
        if match is not None:
            session.match = match
            return await run(session)
    session.err(f"emulated machine: no such command: {command.strip()[:200]}\n".encode())
    return 127

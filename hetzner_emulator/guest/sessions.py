"""What an SSH session of a guest's is joined to: a command in the sandbox, a terminal, or sftp."""

import asyncio
import contextlib
import logging
import os
import pty
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import asyncssh

from hetzner_emulator.guest.filetransfer import HomeFiles
from hetzner_emulator.guest.jobs import Jobs
from hetzner_emulator.guest.place import Place
from hetzner_emulator.guest.processes import end, send_signal
from hetzner_emulator.guest.sandbox import Sandbox
from hetzner_emulator.guest.terminal import Terminal, resize
from hetzner_emulator.machine.machine import Machine

Process = asyncssh.SSHServerProcess[bytes]
_LOG = logging.getLogger(__name__)
_CHUNK = 64 * 1024
_PASSED_ON = ("LANG", "COLORTERM", "NO_COLOR")


class Guests:
    """Makes the handlers of guests' sessions."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._jobs = Jobs(sandbox)

    def process(self, machine: Machine) -> Callable[[Process], Awaitable[None]]:
        """Return the handler of shells and commands on one machine, which has just booted."""
        place = self._place(machine)
        self._sandbox.boot(place)
        self._jobs.boot(place)

        async def handle(process: Process) -> None:
            try:
                tell = process.stdout.write if process.term_type is not None else None
                async with self._jobs.during(machine, place, tell):
                    await self._run(place, process)
            except (asyncssh.Error, ConnectionError, BrokenPipeError):
                return
            except OSError as error:
                _LOG.warning("a guest's command could not start: %s", error)
                process.exit(126)

        return handle

    def sftp(self, machine: Machine) -> Callable[[asyncssh.SSHServerChannel[bytes]], asyncssh.SFTPServer]:
        """Return the factory of file transfers with one machine."""
        place = self._place(machine)
        return lambda channel: HomeFiles(channel, place.home, self._sandbox.give)

    def forget(self, folder: Path) -> None:
        """Remove what a server that is gone left outside of its folder."""
        self._sandbox.forget(folder)

    def _place(self, machine: Machine) -> Place:
        place = self._sandbox.place(machine.folder, machine.hostname)
        self._sandbox.prepare(place)
        return place

    async def _run(self, place: Place, process: Process) -> None:
        tty = process.term_type is not None
        words = self._sandbox.command(place, process.command, tty=tty)
        environment = self._environment(place, process)
        if tty:
            await _on_terminal(process, words, environment)
        else:
            await _on_pipes(process, words, environment)

    def _environment(self, place: Place, process: Process) -> dict[str, str]:
        env = {_text(name): _text(value) for name, value in process.env.items()}
        passed = {name: value for name, value in env.items() if name in _PASSED_ON or name.startswith("LC_")}
        if process.term_type is not None:
            passed["TERM"] = process.term_type
        peer = process.get_extra_info("peername")
        here = process.get_extra_info("sockname")
        passed["SSH_CONNECTION"] = f"{peer[0]} {peer[1]} {here[0]} {here[1]}"
        return self._sandbox.environment(place, passed)


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode(errors="replace")


async def _on_terminal(process: Process, words: list[str], environment: dict[str, str]) -> None:
    master, slave = pty.openpty()
    resize(master, process.term_size)
    try:
        child = await asyncio.create_subprocess_exec(
            *words, stdin=slave, stdout=slave, stderr=slave, env=environment, cwd="/", start_new_session=True
        )
    finally:
        os.close(slave)
    terminal = Terminal(master)
    try:
        await _joined(
            process, child, terminal.write, terminal.write_end, [_copy(terminal.read, process.stdout)], master
        )
    finally:
        terminal.close()


async def _on_pipes(process: Process, words: list[str], environment: dict[str, str]) -> None:
    pipe = asyncio.subprocess.PIPE
    child = await asyncio.create_subprocess_exec(
        *words, stdin=pipe, stdout=pipe, stderr=pipe, env=environment, cwd="/", start_new_session=True
    )
    stdin, stdout, stderr = child.stdin, child.stdout, child.stderr
    if stdin is None or stdout is None or stderr is None:
        raise OSError("a command without pipes")

    async def write(data: bytes) -> None:
        with contextlib.suppress(ConnectionError):
            stdin.write(data)
            await stdin.drain()

    async def write_end() -> None:
        stdin.close()

    await _joined(
        process,
        child,
        write,
        write_end,
        [_copy(stdout.read, process.stdout), _copy(stderr.read, process.stderr)],
        None,
    )


async def _joined(
    process: Process,
    child: asyncio.subprocess.Process,
    write: Callable[[bytes], Awaitable[None]],
    write_end: Callable[[], Awaitable[None]],
    copies: list[Awaitable[None]],
    master: int | None,
) -> None:
    """Carry everything between the session and the command until the command has ended and all is said."""
    feeding = asyncio.ensure_future(_feed(process, child.pid, write, write_end, master))
    copying = asyncio.gather(*copies)
    closing = asyncio.ensure_future(process.channel.wait_closed())
    try:
        waits: set[asyncio.Future[Any]] = {copying, closing}
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        if copying.done():
            copying.result()
            status = await child.wait()
            _exit(process, status)
    finally:
        for task in (feeding, copying, closing):
            task.cancel()
        await end(child)
        await asyncio.gather(feeding, copying, closing, return_exceptions=True)


def _exit(process: Process, status: int) -> None:
    if status < 0:
        process.exit_with_signal(signal.Signals(-status).name.removeprefix("SIG"))
    else:
        process.exit(status)


async def _copy(read: Callable[[int], Awaitable[bytes]], writer: asyncssh.SSHWriter[bytes]) -> None:
    while data := await read(_CHUNK):
        writer.write(data)
        await writer.drain()


async def _feed(
    process: Process,
    pid: int,
    write: Callable[[bytes], Awaitable[None]],
    write_end: Callable[[], Awaitable[None]],
    master: int | None,
) -> None:
    while True:
        try:
            data = await process.stdin.read(_CHUNK)
        except asyncssh.TerminalSizeChanged as change:
            if master is not None:
                resize(master, change.term_size)
            continue
        except asyncssh.BreakReceived:
            continue
        except asyncssh.SignalReceived as received:
            send_signal(pid, received.signal)
            continue
        if not data:
            await write_end()
            return
        await write(data)

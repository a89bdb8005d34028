"""The machine's own jobs, each minute of the shifted clock, and what they ask of it: to tell everybody, to power off.

A machine lives only while somebody is logged in: a login finds the jobs done, and waits a moment for that. Nothing runs
between logins, so a hundred machines cost nothing.
"""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from hetzner_emulator.guest.place import JOBS, REQUESTS, Place
from hetzner_emulator.guest.processes import end
from hetzner_emulator.guest.sandbox import Sandbox
from hetzner_emulator.machine.machine import Machine

EVERY = 60.0
_LOOK_AGAIN = 1.0
_WAIT_AT_LOGIN = 3.0
_AT_MOST = 20.0
_LONGEST_MESSAGE = 4096

Tell = Callable[[bytes], None]


class Jobs:
    """The jobs of all machines; `during` is entered by every session of a guest's."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._last: dict[Path, float] = {}
        self._running: dict[Path, asyncio.Task[None]] = {}
        self._terminals: dict[Path, set[Tell]] = {}

    def boot(self, place: Place) -> None:
        """Owe the jobs of a machine that has just come up."""
        self._last.pop(place.folder, None)

    @contextlib.asynccontextmanager
    async def during(self, machine: Machine, place: Place, tell: Tell | None) -> AsyncIterator[None]:
        """Keep a machine's jobs going during a session; `tell` writes to its terminal, if it has one."""
        if not _names(place):
            yield
            return
        terminals = self._terminals.setdefault(place.folder, set())
        terminals |= {tell} if tell is not None else set()
        await self._caught_up(machine, place)
        watching = asyncio.ensure_future(self._watch(machine, place))
        try:
            yield
        finally:
            watching.cancel()
            terminals.discard(tell or _nobody)

    async def _watch(self, machine: Machine, place: Place) -> None:
        while True:
            await asyncio.sleep(_LOOK_AGAIN)
            await self._caught_up(machine, place)

    async def _caught_up(self, machine: Machine, place: Place) -> None:
        """Begin the jobs if a minute has passed, and wait for them, but not for long."""
        now = machine.emulator.clock.now()
        running = self._running.get(place.folder)
        if running is None and abs(now - self._last.get(place.folder, float("-inf"))) >= EVERY:
            self._last[place.folder] = now
            running = self._running[place.folder] = asyncio.ensure_future(self._run_all(machine, place))
            running.add_done_callback(lambda _: self._running.pop(place.folder, None))
        if running is not None:
            await asyncio.wait({running}, timeout=_WAIT_AT_LOGIN)

    async def _run_all(self, machine: Machine, place: Place) -> None:
        for name in _names(place):
            with contextlib.suppress(OSError):
                await self._run(place, name)
        with contextlib.suppress(OSError):
            self._carry_out(machine, place)

    async def _run(self, place: Place, name: str) -> None:
        with (place.folder / f"job-{name}.log").open("wb") as log:
            child = await asyncio.create_subprocess_exec(
                *self._sandbox.job(place, name),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._sandbox.job_environment(place),
                cwd="/",
                start_new_session=True,
            )
        try:
            await asyncio.wait_for(child.wait(), _AT_MOST)
        except TimeoutError:
            pass
        finally:
            await end(child)

    def _carry_out(self, machine: Machine, place: Place) -> None:
        """Do what the jobs asked for."""
        requests = place.on_host(REQUESTS)
        for file in sorted(requests.glob("wall.*")):
            message = _message(place.hostname, _text(file))
            file.unlink()
            for tell in list(self._terminals.get(place.folder, ())):
                with contextlib.suppress(OSError):
                    tell(message)
        if (requests / "poweroff").exists():
            (requests / "poweroff").unlink()
            machine.power_off()


def _nobody(_: bytes) -> None:
    """Stand for a session without a terminal."""


def _names(place: Place) -> list[str]:
    folder = place.on_host(JOBS)
    return sorted(path.name for path in folder.iterdir() if os.access(path, os.X_OK)) if folder.is_dir() else []


def _text(file: Path) -> bytes:
    """Return what a file holds; without a sandbox the guest may have put a link or a pipe there."""
    descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        return os.read(descriptor, _LONGEST_MESSAGE)
    finally:
        os.close(descriptor)


def _message(hostname: str, text: bytes) -> bytes:
    """Return what a terminal is shown: control characters are the machine's, not the message's."""
    shown = "".join(sign for sign in text.decode(errors="replace") if sign.isprintable() or sign == "\n")
    lines = ["", f"Broadcast message from root@{hostname}:", "", *shown.splitlines(), ""]
    return "\r\n".join(lines).encode() + b"\r\n"

"""One life of a stack: starts its processes in order, keeps them alive, answers their questions, ends them all.

Order: DynamoDB Local (if the store wants it) and whatever else waits for nobody, the emulator, the gateway (and the
packaged functions, if it is they who serve) once the emulator listens, `ready` once the gateway says so. Builders come
and go as the gateway asks. Everything happens in the main thread.
"""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import Callable, Mapping
from typing import Any

from onebox import marks
from onebox.build_folder import BuildFolder
from onebox.builders import Builders
from onebox.child import Child
from onebox.commands import Commands
from onebox.console import Console
from onebox.kept_lines import KeptLines
from onebox.loop import Loop
from onebox.ready import Announcement
from onebox.short_line import short_line
from onebox.spawn import Command, spawn
from onebox.switchboard import Switchboard

KILL_AFTER_SECONDS = 1.5
"""From the request to end until SIGKILL: with the rest, everything is gone within two seconds."""

SLOW_START_SECONDS = 20.0

_LISTENING = re.compile(r"listening on \S+ ssh-port (\d+)")


class Supervisor:
    """Runs until SIGINT or SIGTERM; `run` returns the exit status."""

    def __init__(self, commands: Commands, announcement: Announcement, console: Console) -> None:
        self._commands = commands
        self._announcement = announcement
        self._console = console
        self._loop = Loop()
        self._ssh_port = 22
        self._ready = False
        self._ending = False
        self._status = 0
        self._builders_started = 0
        self._served: dict[str, Child] = {}
        self._children = self._make_children()
        self._builders = Builders(
            commands.home.builds, command=self._builder_command, mark=commands.mark, loop=self._loop
        )
        self._switchboard = Switchboard(commands.home.socket, self._answer, self._loop)
        self._warden: subprocess.Popen[bytes] | None = None

    def run(self) -> int:
        """Start everything and serve until the end."""
        self._loop.on_signal(signal.SIGINT, self.end)
        self._loop.on_signal(signal.SIGTERM, self.end)
        self._loop.on_signal(signal.SIGHUP, self.end)
        self._loop.on_signal(signal.SIGCHLD, self._look)
        self._start_warden()
        self._start_children()
        self._loop.later(SLOW_START_SECONDS, self._say_slow)
        self._loop.run()
        self._switchboard.close()
        marks.end_marked(marks.of_life(self._commands.home.path, self._commands.life))
        if self._warden is not None:
            self._warden.wait()
        self._loop.close()
        if self._status == 0:
            self._console.remark(f"stopped; state is kept in {self._commands.home.path}, start again with make up")
        return self._status

    def end(self) -> None:
        """Begin the end: SIGTERM to all, SIGKILL soon after."""
        if not self._ending:
            self._ending = True
            self._signal_all(signal.SIGTERM)
            self._loop.later(KILL_AFTER_SECONDS, lambda: self._signal_all(signal.SIGKILL))
        self._look()

    def _make_children(self) -> dict[str, Child]:
        first = {name: self._first_child(name, command) for name, command in self._commands.first().items()}
        self._served = {name: self._served_child(name, command) for name, command in self._commands.served().items()}
        return {**first, **self._served}

    def _first_child(self, name: str, command: Callable[[int], Command]) -> Child:
        heard = {"on_line": self._emulator_said} if name == "emulator" else {}
        return self._child(name, command, shown=short_line, **heard)

    def _served_child(self, name: str, command: Callable[[int, int], Command]) -> Child:
        log = KeptLines(path=self._commands.home.log(name))
        return self._child(name, lambda life: command(life, self._ssh_port), on_line=log.add, shown=short_line)

    def _child(self, name: str, command: Any, **more: Any) -> Child:
        return Child(name, command, loop=self._loop, console=self._console, on_hopeless=self._hopeless, **more)

    def _start_children(self) -> None:
        """Start what waits for nobody; what serves waits for the emulator's word, if there is one."""
        for name, child in self._children.items():
            if name not in self._served or "emulator" not in self._children:
                child.start()

    def _emulator_said(self, line: str) -> None:
        match = _LISTENING.match(line)
        if match is not None:
            self._ssh_port = int(match[1]) or 22
            for child in self._served.values():
                child.start()

    def _builder_command(self, folder: BuildFolder, mark: str, given: Mapping[str, str]) -> Command:
        self._builders_started += 1
        return self._commands.builder(folder, mark, given, life=self._builders_started)

    def _answer(self, request: dict[str, Any]) -> dict[str, Any]:
        match request.get("op"):
            case _ if self._ending:
                return {"error": "ending"}
            case "start":
                return self._builders.start(request)
            case "state":
                return self._builders.state(request)
            case "stop":
                return self._builders.stop(request)
            case "ended":
                return {"ended": self._builders.take_failed()}
            case "ready":
                return self._is_ready()
            case "status":
                return self._told()
            case _:
                return {"error": "no such operation"}

    def _is_ready(self) -> dict[str, Any]:
        self._children["gateway"].did_well()
        if not self._ready:
            self._announcement.make(self._commands.home, self._console)
            self._ready = True
        return {"ready": True}

    def _say_slow(self) -> None:
        if not self._ready:
            self._console.remark(
                "not ready yet: the provider must list types that can be had; the lines above say more"
            )

    def _told(self) -> dict[str, Any]:
        processes = [{"name": one.name, "pid": one.pid, "starts": one.lives} for one in self._children.values()]
        return {"processes": processes, "builds": self._builders.shown()}

    def _look(self) -> None:
        """See who has ended; at the end of all, leave the loop."""
        for child in self._children.values():
            child.look()
        self._builders.look()
        if self._warden is not None and self._warden.poll() is not None:
            self._warden = None
            self._loop.later(1.0, self._start_warden)
        living = [child for child in self._children.values() if child.pid is not None]
        if self._ending and not living and not self._builders.running():
            self._loop.stop()

    def _signal_all(self, number: signal.Signals) -> None:
        for child in self._children.values():
            child.send(number)
        self._builders.send_all(number)

    def _hopeless(self, name: str) -> None:
        self._console.remark(f"{name} cannot work like this; ending")
        self._status = 1
        self._loop.later(0, self.end)

    def _start_warden(self) -> None:
        """Start the process that waits for our end: it reads a pipe whose other end is ours alone."""
        if not self._ending:
            self._warden = spawn(
                self._commands.warden(), output=subprocess.DEVNULL, given=subprocess.PIPE, outlives=True
            )

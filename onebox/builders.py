"""The builders of this machine: one child process per build attempt, at most as many as the caller allows.

A start is idempotent per attempt. An attempt of an earlier life of the supervisor is `stopped`: its processes were
ended before this life began. What a builder does, and whether it did it well, is between it and the service.
"""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onebox import marks
from onebox.build_folder import BuildFolder, NoSuchAttempt, all_folders, throw_away_old
from onebox.loop import Loop
from onebox.spawn import Command, signal_group, spawn

KILL_AFTER_SECONDS = 3.0
LIFETIME_SECONDS = 60 * 60.0
"""An attempt that lasts longer is ended, as CodeBuild ends it: the service may have forgotten it (a restored table)."""

SHOWN = 50

_NAMES = frozenset({"CCC_API_URL", "CCC_INSTANCE_ID", "CCC_ATTEMPT", "CCC_CLAIM_CODE"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    folder: BuildFolder
    process: subprocess.Popen[bytes]
    mark: str


class Builders:
    """`command` makes the command of a builder from its folder, its mark and what the service gives it.

    No attempt lasts longer than `lifetime` seconds of real time.
    """

    def __init__(
        self,
        builds: Path,
        *,
        command: Callable[[BuildFolder, str, Mapping[str, str]], Command],
        mark: Callable[[str], str],
        loop: Loop,
        lifetime: float = LIFETIME_SECONDS,
    ) -> None:
        self._builds = builds
        self._command = command
        self._mark = mark
        self._loop = loop
        self._lifetime = lifetime
        self._running: dict[str, _Job] = {}
        self._failed: list[str] = []

    def start(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """`{instance_id, attempt, slots, env}` → `{reference, state}`, or `{"error": "full"}`."""
        folder = self._folder(request)
        if folder is None or not _is_environment(request.get("env")):
            return {"error": "bad request"}
        if not folder.was_started():
            if len(self._running) >= int(request.get("slots") or 1):
                return {"error": "full"}
            try:
                self._fork(folder, request["env"])
            except OSError as error:
                return {"error": f"not started: {error}"}
        return {"reference": folder.name, "state": self._state(folder)}

    def state(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """`{instance_id, attempt}` → `{state}`: running, stopped or unknown."""
        folder = self._folder(request)
        return {"error": "bad request"} if folder is None else {"state": self._state(folder)}

    def stop(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Ask the attempt to end, make it end three seconds later; answers with the state as it is now."""
        folder = self._folder(request)
        if folder is None:
            return {"error": "bad request"}
        job = self._running.get(folder.name)
        if job is not None:
            self._end(job)
        return {"state": self._state(folder)}

    def send_all(self, number: signal.Signals) -> None:
        """Signal every builder's process group."""
        for job in self._running.values():
            signal_group(job.process, number)

    def look(self) -> None:
        """Notice ends; to be called when a child of this process has ended."""
        for job in list(self._running.values()):
            status = job.process.poll()
            if status is not None:
                marks.end_marked(job.mark)  # what it started ends with it, before it counts as stopped
                job.folder.ended(status)
                del self._running[job.folder.name]
                if status != 0:
                    self._failed.append(job.folder.instance_id)

    def take_failed(self) -> list[str]:
        """The instances whose builder ended badly (by a status or a signal) since the last call; each is told once."""
        failed, self._failed = self._failed, []
        return failed

    def running(self) -> int:
        """How many run."""
        return len(self._running)

    def shown(self) -> list[dict[str, Any]]:
        """The newest attempts for the machine's page."""
        return [
            {"build": one.name, "state": self._state(one), "exit_status": one.exit_status(), "log": str(one.log)}
            for one in all_folders(self._builds)[:SHOWN]
        ]

    def _folder(self, request: Mapping[str, Any]) -> BuildFolder | None:
        try:
            return BuildFolder.of(self._builds, request.get("instance_id"), request.get("attempt"))
        except NoSuchAttempt:
            return None

    def _fork(self, folder: BuildFolder, given: Mapping[str, str]) -> None:
        throw_away_old(self._builds, frozenset(self._running))
        folder.make()
        mark = self._mark(folder.name)
        with folder.log.open("ab") as log:
            process = spawn(self._command(folder, mark, given), output=log)
        job = self._running[folder.name] = _Job(folder=folder, process=process, mark=mark)
        folder.started(process.pid)
        self._loop.later(self._lifetime, lambda: self._end(job))

    def _state(self, folder: BuildFolder) -> str:
        if folder.name in self._running:
            return "running"
        return "stopped" if folder.was_started() else "unknown"

    def _end(self, job: _Job) -> None:
        if job.process.poll() is None:
            signal_group(job.process, signal.SIGTERM)
            self._loop.later(KILL_AFTER_SECONDS, lambda: self._kill(job))

    def _kill(self, job: _Job) -> None:
        if job.process.poll() is None:
            signal_group(job.process, signal.SIGKILL)


def _is_environment(given: Any) -> bool:
    return (
        isinstance(given, dict)
        and set(given) == _NAMES
        and all(isinstance(value, str) and "\0" not in value for value in given.values())
    )

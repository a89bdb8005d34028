"""One build: waits in the queue, runs the buildspec's commands as a child process, and ends, or is ended.

A thread of its own starts the child and waits for it, so that the kernel ends the child with that thread's process
(PR_SET_PDEATHSIG asks for it, before the shell takes the child's place). A build that is stopped gets SIGTERM, later
SIGKILL, and counts as complete only when every process that carries its mark is gone.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from onebox import marks
from onebox.codebuild.buildspec import Buildspec
from onebox.codebuild.kept import keep
from onebox.codebuild.phases import Phases

GRACE_SECONDS = 3.0
"""How long a build that is stopped may take to end by itself."""

_LOOK = 0.02

# Linux's PR_SET_PDEATHSIG is 1. A parent that died in between is seen by its changed number.
_WITH_PARENT = """
import ctypes, os, signal, sys
ctypes.CDLL(None).prctl(1, signal.SIGKILL)
if os.getppid() != int(sys.argv[1]): sys.exit(1)
os.execvp(sys.argv[2], sys.argv[2:])
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A build project: its name, what it runs, where, and the environment that its image brings."""

    name: str
    buildspec: Buildspec
    source: Path
    image: Mapping[str, str] = field(repr=False)


class Build:
    """Begins `queued_seconds` after `begin`; its log is in a folder of its own below `folder`.

    `mark` is what the marks of all its processes begin with (`onebox.marks`).
    """

    def __init__(
        self,
        project: Project,
        number: int,
        overrides: Mapping[str, str],
        *,
        folder: Path,
        mark: str,
        queued_seconds: float = 0.0,
        grace_seconds: float = GRACE_SECONDS,
    ) -> None:
        name = str(uuid.uuid4())
        self.id = f"{project.name}:{name}"
        self.folder = folder / name
        self.folder.mkdir(parents=True)
        self._project = project
        self._number = number
        self._overrides = dict(overrides)
        self._queued = queued_seconds
        self._grace = grace_seconds
        self._began = time.time()  # noqa: TID251 -- what is told is real time, as AWS tells it
        self._ended: float | None = None
        self._status = "IN_PROGRESS"
        self._phases = Phases()
        self._stopping = threading.Event()
        self._mark = f"{mark}/{self.id}"
        self._thread = threading.Thread(target=self._live, name=self.id, daemon=True)

    def begin(self) -> None:
        """Enter the queue."""
        self._phases.begin("QUEUED")
        keep(self.folder, self.document())
        self._thread.start()

    @property
    def complete(self) -> bool:
        """Whether it is over and nothing of it runs."""
        return self._ended is not None

    def stop(self) -> None:
        """Ask for the end."""
        self._stopping.set()

    def wait(self, within_seconds: float) -> None:
        """Wait for the end."""
        self._thread.join(within_seconds)

    def document(self) -> dict[str, Any]:
        """What AWS answers of a build, as far as anybody here asks (times in seconds since 1970)."""
        account = "arn:aws:codebuild:eu-central-1:000000000000"
        variables = [{"name": name, "value": value, "type": "PLAINTEXT"} for name, value in self._overrides.items()]
        ended = {} if self._ended is None else {"endTime": self._ended}
        return {
            "id": self.id,
            "arn": f"{account}:build/{self.id}",
            "buildNumber": self._number,
            "startTime": self._began,
            **ended,
            "currentPhase": self._phases.current,
            "phases": self._phases.documents(),
            "buildStatus": self._status,
            "buildComplete": self.complete,
            "projectName": self._project.name,
            "environment": {"environmentVariables": variables},
        }

    @property
    def _note(self) -> Path:
        return self.folder / "phases"

    @property
    def _home(self) -> Path:
        return self.folder / "home"

    @property
    def _temporary(self) -> Path:
        return self.folder / "tmp"

    def _live(self) -> None:
        status = "FAULT"
        try:
            status = "STOPPED" if self._stopping.wait(self._queued) else self._run()
        finally:
            marks.end_marked(self._mark)
            for room in (self._home, self._temporary):
                shutil.rmtree(room, ignore_errors=True)
            self._phases.finish(status)
            self._status = status
            self._ended = time.time()  # noqa: TID251 -- see above
            keep(self.folder, self.document())

    def _run(self) -> str:
        self._phases.begin("PROVISIONING")
        for room in (self._home, self._temporary):  # a build has a machine of its own at AWS
            room.mkdir(mode=0o700)
        self._phases.begin("DOWNLOAD_SOURCE")
        program = self._project.buildspec.program(str(self._note))
        with (self.folder / "log").open("ab") as log, self._spawned(program, log.fileno()) as shell:
            while shell.poll() is None and not self._stopping.wait(_LOOK):
                self._hear()
            self._hear()
            if shell.poll() is None:
                self._end(shell)
                return "STOPPED"
        self._phases.left(shell.returncode)
        return "SUCCEEDED" if shell.returncode == 0 else "FAILED"

    def _hear(self) -> None:
        if self._note.exists():
            self._phases.hear(self._note.read_text(encoding="ascii").splitlines())

    def _spawned(self, program: str, log: int) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-I", "-c", _WITH_PARENT, str(os.getpid()), "/bin/sh", "-c", program],
            env=self._environment(),
            cwd=self._project.source,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def _environment(self) -> dict[str, str]:
        """Variables of the start win over those of the buildspec, and both over the image's."""
        own = {
            "CODEBUILD_BUILD_ID": self.id,
            "CODEBUILD_SRC_DIR": str(self._project.source),
            "CODEBUILD_CI": "true",
            "HOME": str(self._home),
            "TMPDIR": str(self._temporary),
        }
        spec = self._project.buildspec.variables
        return {**self._project.image, **own, **spec, **self._overrides, marks.VARIABLE: self._mark}

    def _end(self, shell: subprocess.Popen[bytes]) -> None:
        os.killpg(shell.pid, signal.SIGTERM)
        try:
            shell.wait(self._grace)
        except subprocess.TimeoutExpired:
            os.killpg(shell.pid, signal.SIGKILL)

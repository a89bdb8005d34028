"""What is kept of one build attempt: `builds/<instance>-<attempt>/` with its process, its log and its exit status.

An attempt that has a folder with a process was started, once and for all; whether it still runs only the supervisor
that started it knows. Folders are thrown away after a week.
"""

from __future__ import annotations

import json
import re
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onebox.whole_file import replace_file

KEPT_SECONDS = 7 * 24 * 3600
_NAME = re.compile(r"[0-9a-f]{12}-[1-9][0-9]{0,2}", re.ASCII)


class NoSuchAttempt(Exception):
    """The names of an attempt are not well-formed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildFolder:
    """The folder of one attempt."""

    path: Path

    @classmethod
    def of(cls, builds: Path, instance_id: Any, attempt: Any) -> BuildFolder:
        """The folder of an attempt, made or not; raises NoSuchAttempt."""
        name = f"{instance_id}-{attempt}"
        if not isinstance(instance_id, str) or type(attempt) is not int or not _NAME.fullmatch(name):
            raise NoSuchAttempt
        return cls(path=builds / name)

    @property
    def name(self) -> str:
        """`<instance>-<attempt>`, which is also the reference that callers get."""
        return self.path.name

    @property
    def instance_id(self) -> str:
        """Whose build it is."""
        return self.name.partition("-")[0]

    @property
    def log(self) -> Path:
        """What the builder printed."""
        return self.path / "log"

    @property
    def home(self) -> Path:
        """The builder's private home folder."""
        return self.path / "home"

    @property
    def temporary(self) -> Path:
        """The builder's TMPDIR: its keys lie there while it works."""
        return self.path / "tmp"

    def make(self) -> None:
        """Make it, for this user alone."""
        for folder in (self.path, self.home, self.temporary):
            folder.mkdir(mode=0o700, exist_ok=True)

    def was_started(self) -> bool:
        """Whether a process was ever started for the attempt."""
        return (self.path / "process.json").exists()

    def started(self, pid: int) -> None:
        """Note the process: its id, and when the kernel says it began (clock ticks since boot)."""
        replace_file(self.path / "process.json", json.dumps({"pid": pid, "began": _began(pid)}) + "\n")

    def ended(self, status: int) -> None:
        """Note the exit status (negative: the signal), and leave nothing private behind."""
        self.forget_secrets()
        replace_file(self.path / "exit", f"{status}\n")

    def forget_secrets(self) -> None:
        """Remove what a builder that is dead may have left of keys and tokens."""
        for folder in (self.home, self.temporary):
            shutil.rmtree(folder, ignore_errors=True)

    def exit_status(self) -> int | None:
        """The exit status; None while it runs, or when the supervisor ended before it."""
        try:
            return int((self.path / "exit").read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return None


def all_folders(builds: Path) -> list[BuildFolder]:
    """Every attempt's folder, the newest first."""
    found = [entry for entry in builds.iterdir() if _NAME.fullmatch(entry.name)]
    return [BuildFolder(path=one) for one in sorted(found, key=_changed, reverse=True)]


def throw_away_old(builds: Path, running: frozenset[str]) -> None:
    """Remove the folders that nothing has changed in for a week."""
    oldest = time.time() - KEPT_SECONDS  # noqa: TID251 -- compared with the file system's own times
    for folder in all_folders(builds):
        if folder.name not in running and _changed(folder.path) < oldest:
            shutil.rmtree(folder.path, ignore_errors=True)


def forget_secrets(builds: Path) -> None:
    """Remove what builders of an earlier life left of keys and tokens; none of them may live any more."""
    for folder in all_folders(builds):
        folder.forget_secrets()


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _began(pid: int) -> int | None:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19])
    except (OSError, ValueError, IndexError):
        return None

"""A folder for temporary files that is its process's own: closed to others, and known to be abandoned when that died.

The process holds a lock on the folder itself (flock(2)), which the kernel lets go when the process ends, however it
ends; a process id would not do, since ids are given again. So whoever finds such a folder with its lock free may remove
it. Folders without `_HELD` in their name were never locked, and are left alone. What lies in them is no matter here,
but for one link: `WAY_TO` leads to another folder of the same process.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Self

WAY_TO = "place"
"""The link in a folder that is only the way to another one, where both were made by the same process."""

_HELD = ".held"


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldFolder:
    """The folder, and the open file that holds its lock."""

    path: Path
    lock: int

    @classmethod
    def make(cls, room: Path, prefix: str) -> Self:
        """Make a new one (0700) in `room`, with a name that begins so."""
        while True:
            path = Path(tempfile.mkdtemp(prefix=prefix, suffix=_HELD, dir=room))
            lock = _lock(path)
            if lock is not None and path.exists():
                return cls(path=path, lock=lock)
            _let_go(lock)  # whoever removes abandoned ones was quicker than our lock

    def remove(self) -> None:
        """Remove it with all that is in it."""
        shutil.rmtree(self.path, ignore_errors=True)
        _let_go(self.lock)


def remove_abandoned(room: Path, prefix: str) -> None:
    """Remove the folders of this user in `room` whose name begins so and whose process is gone."""
    for path in room.glob(f"{prefix}*{_HELD}"):
        behind = _remove_if_abandoned(path)
        if behind is not None and behind.name.startswith(prefix) and behind.name.endswith(_HELD):
            _remove_if_abandoned(behind)


def _remove_if_abandoned(path: Path) -> Path | None:
    """Remove a folder whose lock is free; where its link leads, if it was removed and had one."""
    lock = _lock(path)
    if lock is None:
        return None
    try:
        if os.fstat(lock).st_uid != os.geteuid():
            return None
        way = path / WAY_TO
        behind = way.readlink() if way.is_symlink() else None
        shutil.rmtree(path, ignore_errors=True)
        return behind
    finally:
        _let_go(lock)


def _lock(path: Path) -> int | None:
    """The lock of a folder; None when another process has it, or the folder is gone or not ours to open."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(file)
        return None
    return file


def _let_go(lock: int | None) -> None:
    if lock is not None:
        os.close(lock)

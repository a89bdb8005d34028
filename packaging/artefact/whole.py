"""Folders that are there whole or not at all, however the process that makes them ends; and one maker at a time."""

from __future__ import annotations

import fcntl
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

WORKSHOP = ".package-"
"""How the folders begin in which an artefact is made; of a maker that was killed, the next one clears them away."""


@contextmanager
def alone(cache: Path) -> Iterator[None]:
    """Wait until no other process is at work with this cache, then keep the others waiting."""
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def workshop(out: Path) -> Iterator[Path]:
    """A folder beside the result, so that it can be renamed into its place; only for who is `alone`."""
    out.mkdir(parents=True, exist_ok=True)
    for left in out.glob(f"{WORKSHOP}*"):
        shutil.rmtree(left)
    with tempfile.TemporaryDirectory(prefix=WORKSHOP, dir=out) as folder:
        yield Path(folder)


def made_whole(folder: Path, make: Callable[[Path], None]) -> Path:
    """The folder, made when it is not there: under another name first, which takes its own when all is in it."""
    if not folder.is_dir():
        partial = _beside(folder, "partial")
        _remove(partial)
        partial.mkdir(parents=True)
        make(partial)
        partial.rename(folder)
    return folder


def replace(new: Path, place: Path) -> None:
    """Put a folder in the place of another on the same file system; a kill in between leaves the old, none or the new.

    Two renames and not one exchange: with none there, whoever looks sees that there is none, and never a mixture.
    """
    old = _beside(place, "old")
    _remove(old)
    place.parent.mkdir(parents=True, exist_ok=True)
    if place.exists():
        place.rename(old)
    new.rename(place)
    _remove(old)


def _beside(folder: Path, what: str) -> Path:
    return folder.with_name(f".{folder.name}.{what}")


def _remove(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)

"""Folders as a zip whose bytes depend on names and contents alone: no times, modes, owners or order of a disk."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from pathlib import Path

from artefact.failure import PackagingFailed

TIME = (1980, 1, 1, 0, 0, 0)
"""The oldest that the format can tell."""

UNIX = 3
READABLE = 0o100644 << 16
"""A regular file that everybody may read: Lambda runs as another user than the one who unpacks."""


def write(folders: Iterable[Path], target: Path) -> None:
    """Write all files below some folders as if they were one, sorted by their names; no name may be there twice."""
    named = sorted((path.relative_to(folder).as_posix(), path) for folder in folders for path in files(folder))
    names = [name for name, _ in named]
    if len(set(names)) < len(names):
        raise PackagingFailed(f"Two files would be {next(name for name in names if names.count(name) > 1)}.")
    with zipfile.ZipFile(target, "w", compression=zipfile.ZIP_DEFLATED) as archive:
        for name, path in named:
            archive.writestr(_entry(name), path.read_bytes())


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, date_time=TIME)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.create_system = UNIX
    entry.external_attr = READABLE
    return entry


def files(folder: Path) -> list[Path]:
    """All files below a folder, in the order of their names whatever the language of the machine."""
    found = (each for each in folder.rglob("*") if each.is_file())
    return sorted(found, key=lambda each: each.relative_to(folder).as_posix())

"""Fingerprints: of what goes in, to know whether it has changed, and of what came out, to know if it is the same."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path


def of_file(path: Path) -> str:
    """The SHA-256 of a file's content, as 64 hexadecimal digits."""
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def of_files(files: Iterable[tuple[str, Path]], *also: str) -> str:
    """One SHA-256 over names, contents and some words; file times, modes and places do not matter."""
    whole = hashlib.sha256()
    for name, path in files:
        whole.update(f"{name}\0{of_file(path)}\n".encode())
    for word in also:
        whole.update(f"{word}\n".encode())
    return whole.hexdigest()

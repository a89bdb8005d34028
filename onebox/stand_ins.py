"""What stands for a built system where the provider is emulated: three files, of which the installer hands on names.

Nobody looks into them; they exist because a builder looks for all that it is told of before it claims. The disko
script's path becomes a command on the emulated machine, so that it must be one word, as it always is in a nix store.
"""

from __future__ import annotations

import hashlib
import os
import shlex
from pathlib import Path

from builder.plain_folder import is_plain, plain_folder

KEXEC_STAND_IN = "kexec.tar.gz"
"""A file in the box's folder that stands for the installer's archive."""

_CLOSURES = ("0-disko", "0-nixos-system-cloud-instance")


def stand_in_system(folder: Path) -> dict[str, str]:
    """The builder's three variables for the files, which are made in a box's folder unless they are there."""
    _make(folder)
    return {
        "CCC_STORE_PATHS": shlex.join(str(_store(folder) / name) for name in _CLOSURES),
        **archive(folder / KEXEC_STAND_IN),
    }


def _make(folder: Path) -> None:
    (folder / KEXEC_STAND_IN).touch(mode=0o600)
    store = _store(folder)
    store.mkdir(mode=0o700, exist_ok=True)
    for name in _CLOSURES:
        (store / name).touch(mode=0o600)


def archive(path: Path) -> dict[str, str]:
    """The builder's two variables for an archive that boots emulated machines alone: it may be any."""
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    return {"CCC_KEXEC": str(path), "CCC_KEXEC_SHA256": found}


def _store(folder: Path) -> Path:
    """The box's folder, or one beside all others' where that has a blank in its path: it holds empty files alone."""
    if is_plain(folder):
        return folder
    return (plain_folder(folder) or folder) / f"ccc-stand-ins-{os.getuid()}"

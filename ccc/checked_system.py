"""Whether the built system and the installer's archive are here, as the builder will be told of them."""

from __future__ import annotations

import hashlib
import os
import shlex
from pathlib import Path

from ccc.finding import Finding, good, missing, note
from ccc.pins import Pins

BUILD = "make machine"
PIN = ".venv/bin/python -m builder.refresh"
FETCH = '.venv/bin/python -m builder.kexec out/kexec.tar.gz && export CCC_KEXEC="$PWD/out/kexec.tar.gz"'
TWO = 2


def store_paths(said: str | None, checkout: Path) -> Finding:
    """Return whether the disko script and the system exist: `CCC_STORE_PATHS`, or else what `make machine` left."""
    name = "CCC_STORE_PATHS"
    paths = _paths(said) if said else [checkout / "out/disko", checkout / "out/toplevel"]
    if len(paths) != TWO or not all(path.is_absolute() for path in paths):
        return missing(name, "it is not two absolute paths, the disko script and the system", f"unset {name}; {BUILD}")
    disko, toplevel = paths
    if not said and not (os.path.lexists(disko) or os.path.lexists(toplevel)):
        return missing(name, "it is not set, and nothing is in out/", BUILD)
    again = f"unset {name}; {BUILD}" if said else BUILD
    if not (disko.is_file() and os.access(disko, os.X_OK)):
        return missing(name, f"{disko} is no disko script", again)
    if not (toplevel / "nixos-version").is_file():
        return missing(name, f"{toplevel} is no system", again)
    return good(name, f"{disko.resolve()} {toplevel.resolve()}")


def kexec(said: str | None, pins: Pins) -> Finding:
    """Return whether the installer's archive is here and is the pinned one."""
    name = "CCC_KEXEC"
    remedy = FETCH if pins.kexec_sha256 else f"{PIN} && {FETCH}"
    if said is None:
        return missing(
            name, "it is not set; without it the machine would fetch an installer that nobody checked", remedy
        )
    if not Path(said).is_absolute():
        return missing(name, "it is not an absolute path", remedy)
    try:
        digest = _digest(Path(said))
    except OSError as error:
        return missing(name, f"{said} cannot be read ({error.strerror})", remedy)
    if not pins.kexec_sha256:
        return note(name, f"{said}, and builder/kexec.json has no hash to compare it with", PIN)
    if digest != pins.kexec_sha256:
        return missing(name, f"{said} has the hash {digest}, not the one in builder/kexec.json", remedy)
    return good(name, f"{said}, as pinned")


def _paths(said: str) -> list[Path]:
    try:
        return [Path(word) for word in shlex.split(said)]
    except ValueError:  # an open quote
        return []


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

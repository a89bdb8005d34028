"""Building the guests' system once, with its installer: `make machine`, and the first `make up` with a real token.

What is in `out/` already is not built again here; nix itself builds only what has changed. What it may cost: half an
hour and some gigabytes the first time.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from builder import kexec_pin
from builder.kexec import KexecError, fetch
from builder.prerequisites import system
from builder.prerequisites.places import ARCHIVE, DISKO, NIXOS_ANYWHERE, TOPLEVEL
from onebox.built_system import OUT
from onebox.settings import CHECKOUT, environment

PARTS = (TOPLEVEL, DISKO, NIXOS_ANYWHERE)
_FLAKES = ("--extra-experimental-features", "nix-command flakes")


class NotBuilt(Exception):
    """Something could not be built or fetched; the message says what, nix itself has said why."""


def build(parts: Sequence[str], variables: Mapping[str, str], out: Path = OUT) -> None:
    """Build these outputs of the flake into `out`, one link each; NotBuilt. nix writes to this process's stderr."""
    out.mkdir(exist_ok=True)
    for part in parts:
        sys.stderr.write(f"building {part} (the first time this takes a while) …\n")
        command = ["nix", *_FLAKES, "build", f".#{part}", "--out-link", str(out / part)]
        try:
            done = subprocess.run(
                command, cwd=CHECKOUT, env=dict(variables), stdin=subprocess.DEVNULL, stdout=sys.stderr, check=False
            )
        except OSError as error:
            raise NotBuilt(
                f"nix cannot be started: {error.strerror}. Install it: https://nixos.org/download"
            ) from error
        if done.returncode != 0:
            raise NotBuilt(f"nix could not build {part}; its words are above.")


def fetch_archive(out: Path = OUT, pin: Path = kexec_pin.PIN) -> None:
    """Fetch the pinned archive that boots the installer, unless it is there; NotBuilt."""
    target = out / ARCHIVE
    if kexec_pin.problem(target, kexec_pin.expected(None, pin)) is None:
        return
    sys.stderr.write("fetching the installer's archive (439 MB) …\n")
    out.mkdir(exist_ok=True)
    try:
        fetch(pin, target)
    except KexecError as error:
        raise NotBuilt(f"The installer's archive: {error}.") from error


def main() -> int:
    """Build all parts and fetch the archive; the exit status."""
    try:
        build(PARTS, environment())
        if kexec_pin.expected(None) is None:
            sys.stderr.write(f"There is no installer's archive yet, since no hash is pinned: {system.PIN}\n")
            return 1
        fetch_archive()
    except NotBuilt as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

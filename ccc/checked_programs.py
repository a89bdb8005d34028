"""Whether the programs are here that one box runs: Python and ssh always, nix and nixos-anywhere for real machines."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from ccc.finding import Finding, good, missing, note
from ccc.pins import Pins

OLDEST_PYTHON, TOO_NEW_PYTHON = (3, 11), (3, 14)
OLDEST_NIX = (2, 19)
PATIENCE_SECONDS = 20.0

INSTALL_NIX = "see https://nixos.org/download"
SWITCH_ON = 'mkdir -p ~/.config/nix && echo "experimental-features = nix-command flakes" >>~/.config/nix/nix.conf'

_NIX_VERSION = re.compile(r"\b(\d+)\.(\d+)")
_IN_STORE = re.compile(r"/[0-9a-z]{32}-nixos-anywhere-(\d+\.\d+)(?:\.[0-9]+)?(?:/|$)")


def linux(platform: str = sys.platform) -> Finding:
    """Return whether this is Linux, the one system on which one box runs."""
    if platform.startswith("linux"):
        return good("Linux", "yes")
    return missing("Linux", f"this is {platform}", "run it on Linux, in a virtual machine for example")


def python(version: tuple[int, int] = sys.version_info[:2]) -> Finding:
    """Return whether a version of Python, usually the one that runs this, is one that the service runs on."""
    said = ".".join(str(part) for part in version)
    if OLDEST_PYTHON <= version < TOO_NEW_PYTHON:
        return good("python", said)
    return missing("python", f"{said} is not 3.11, 3.12 or 3.13", "make -B .venv PYTHON=/path/to/python3.13")


def ssh(path: str) -> Finding:
    """Return whether there is an SSH client on PATH."""
    found = shutil.which("ssh", path=path)
    if found:
        return good("ssh", found)
    return missing("ssh", "it is not on PATH", "sudo apt-get install openssh-client")


def nix(path: str) -> Finding:
    """Return whether nix is on PATH, and new enough for the flake."""
    found = shutil.which("nix", path=path)
    if found is None:
        return missing("nix", "it is not on PATH", INSTALL_NIX)
    said = _NIX_VERSION.search(_answer(found, "--version") or "")
    if said is None:
        return missing("nix", f"{found} does not tell its version", INSTALL_NIX)
    if (int(said[1]), int(said[2])) < OLDEST_NIX:
        return missing("nix", f"{said[0]} is older than 2.19", INSTALL_NIX)
    return good("nix", f"{found}, {said[0]}")


def flakes(path: str) -> Finding:
    """Return whether nix takes flakes: `nix eval` is nix-command's, and getFlake is there only with flakes."""
    name, found = "nix-command flakes", shutil.which("nix", path=path)
    if found is None:
        return missing(name, "nix is not on PATH", INSTALL_NIX)
    if (_answer(found, "eval", "--expr", "builtins ? getFlake") or "").strip() == "true":
        return good(name, "switched on")
    return missing(name, "nix does not answer with them switched on", SWITCH_ON)


def nixos_anywhere(path: str, pins: Pins) -> Finding:
    """Return whether nixos-anywhere is on PATH in the pinned version, which only its place in the store tells."""
    name, found = "nixos-anywhere", shutil.which("nixos-anywhere", path=path)
    remedy = f"nix profile install '{pins.source}#nixos-anywhere'"
    if found is None:
        return missing(name, "it is not on PATH", remedy)
    version = _IN_STORE.search(str(Path(found).resolve()))
    if version is None:
        return note(name, f"{found}, of unknown version; the pinned one is {pins.version}", remedy)
    if version[1] != pins.version:
        return missing(name, f"{version[1]} is not the pinned {pins.version}", remedy)
    return good(name, f"{found}, {version[1]}")


def _answer(*command: str) -> str | None:
    """Return what a program writes to stdout; None when it fails, is not to be started or does not end."""
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError, UnicodeError):
        return None
    return done.stdout

"""Whether the programs are here that install a real machine: nix with flakes and a store, nixos-anywhere, ssh."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from builder.prerequisites.finding import Finding
from builder.prerequisites.pins import NIXOS_ANYWHERE

OLDEST_NIX = (2, 19)
PATIENCE_SECONDS = 20.0

INSTALL_NIX = "see https://nixos.org/download"
INSTALL_SSH = "sudo apt-get install openssh-client"
SWITCH_ON = 'mkdir -p ~/.config/nix && echo "experimental-features = nix-command flakes" >>~/.config/nix/nix.conf'
START_DAEMON = "sudo systemctl start nix-daemon    (or what else runs nix's daemon here)"
BUILD = "make machine"

_VERSION = re.compile(r"\b(\d+)\.(\d+)")
_IN_STORE = re.compile(r"/[0-9a-z]{32}-nixos-anywhere-(\d+\.\d+)(?:\.[0-9]+)?(?:/|$)")


def ssh(path: str) -> Finding:
    """Whether OpenSSH's client is on PATH: nixos-anywhere uses three programs of it."""
    absent = [name for name in ("ssh", "ssh-keygen", "ssh-copy-id") if shutil.which(name, path=path) is None]
    if absent:
        return Finding(name="ssh", found=f"{' and '.join(absent)} is not on PATH", remedy=INSTALL_SSH)
    return Finding(name="ssh", found=str(shutil.which("ssh", path=path)))


def nix(path: str) -> Finding:
    """Whether nix is on PATH, and new enough for the flake."""
    found = shutil.which("nix", path=path)
    if found is None:
        return Finding(name="nix", found="it is not on PATH", remedy=INSTALL_NIX)
    said = _VERSION.search(_answer(found, "--version") or "")
    if said is None:
        return Finding(name="nix", found=f"{found} does not tell its version", remedy=INSTALL_NIX)
    if (int(said[1]), int(said[2])) < OLDEST_NIX:
        return Finding(name="nix", found=f"{said[0]} is older than 2.19", remedy=INSTALL_NIX)
    return Finding(name="nix", found=f"{found}, {said[0]}")


def flakes(path: str) -> Finding:
    """Whether nix takes flakes: `nix eval` is nix-command's, and getFlake is there only with flakes."""
    name = "nix-command flakes"
    if (_answer(_nix(path), "eval", "--expr", "builtins ? getFlake") or "").strip() == "true":
        return Finding(name=name, found="switched on")
    return Finding(name=name, found="nix does not answer with them switched on", remedy=SWITCH_ON)


def store(path: str) -> Finding:
    """Whether nix reaches its store: without its daemon, or without the right to, it builds and copies nothing."""
    name = "nix store"
    if _answer(_nix(path), "--extra-experimental-features", "nix-command", "store", "info") is None:
        return Finding(name=name, found="nix does not reach its store", remedy=START_DAEMON)
    return Finding(name=name, found="it answers")


def nixos_anywhere(path: str) -> Finding:
    """Whether nixos-anywhere is on PATH in the version the builder knows, which only its place in the store tells."""
    name, found = "nixos-anywhere", shutil.which("nixos-anywhere", path=path)
    if found is None:
        return Finding(name=name, found="it is neither in out/ nor on PATH", remedy=BUILD)
    version = _IN_STORE.search(str(Path(found).resolve()))
    if version is None:
        said = f"{found} is of unknown version, and the builder knows {NIXOS_ANYWHERE}"
        return Finding(name=name, found=said, remedy=BUILD)
    if version[1] != NIXOS_ANYWHERE:
        return Finding(name=name, found=f"{version[1]} is not {NIXOS_ANYWHERE}", remedy=BUILD)
    return Finding(name=name, found=f"{found}, {version[1]}")


def _nix(path: str) -> str:
    return shutil.which("nix", path=path) or "nix"


def _answer(*command: str) -> str | None:
    """What a program writes to stdout; None when it fails, is not to be started or does not end."""
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError, UnicodeError):
        return None
    return done.stdout

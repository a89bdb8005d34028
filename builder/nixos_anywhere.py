"""How nixos-anywhere is called: its arguments, and the environment that puts the pinned ssh first.

Facts are those of nixos-anywhere 1.13: `-p` holds until the kexec only, so another port has to be named twice;
`--store-paths` makes it run nix for copying alone.

**Where the system comes from.** By the program's default (`--substitute-on-destination`) the machine fetches from the
public cache itself what is there: at a data centre's speed, while from here the same gigabytes would share a builder's
line, or somebody's at home. What no cache has (Claude Code is unfree) goes over SSH, and so does whatever the machine
could not fetch: a cache that is down costs nix a warning. Should the copy fail or stand still all the same, it is done
again without asking any cache (row B11): everything that is installed is here.
"""

from __future__ import annotations

import os
from pathlib import Path

from builder.settings import Settings
from builder.workplace import Workplace
from chalicelib.domain.build import BuildOrder

SHIM = Path(__file__).parent / "shim"

_DEFAULT_PORT = 22
_NOT_INHERITED = ("CCC_", "AWS_", "ECS_", "HCLOUD_")
"""The claim code and the platform's credentials are no business of a program that talks to a server."""

_NOT_INHERITED_NAMES = frozenset({"SSH_AUTH_SOCK", "SSH_PRIVATE_KEY", "SSHPASS", "SSH_ASKPASS", "NIX_SSHOPTS"})
"""Keys of whoever started us, and options that would come before ours."""


def arguments(
    settings: Settings, order: BuildOrder, place: Workplace, phases: str, *, caches: bool = True
) -> list[str]:
    """The command line of one run; `phases` is nixos-anywhere's comma-separated list.

    `caches`: whether the machine may fetch by itself what a public cache has.
    """
    return [
        settings.nixos_anywhere,
        *("--store-paths", settings.disko, settings.toplevel),
        *("--build-on", "local"),
        *("--kexec", settings.kexec),
        *("-i", str(place.install_key)),
        *("--extra-files", str(place.extra_files)),
        *_port(order.ssh_port),
        *(() if caches else ("--no-substitute-on-destination",)),
        *("--phases", phases),
        f"root@{order.address}",
    ]


def _port(port: int) -> tuple[str, ...]:
    if port == _DEFAULT_PORT:
        return ()
    return ("--ssh-port", str(port), "--post-kexec-ssh-port", str(port))


def environment(settings: Settings, place: Workplace) -> dict[str, str]:
    """What a run inherits: ours without secrets, the shim first on PATH, and the closed folder for temporary files."""
    kept = {name: value for name, value in settings.environment.items() if _inherited(name)}
    return {
        **kept,
        "PATH": f"{SHIM}{os.pathsep}{kept.get('PATH', '')}",
        "TMPDIR": str(place.scratch),
        "CCC_BUILDER_SSH": settings.ssh,
        "CCC_BUILDER_KNOWN_HOSTS": str(place.known_hosts),
    }


def _inherited(name: str) -> bool:
    return name not in _NOT_INHERITED_NAMES and not name.startswith(_NOT_INHERITED)

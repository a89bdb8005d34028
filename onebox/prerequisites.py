"""What a start needs from the machine, checked before anything is started; each sentence says what to do."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from onebox import dynamodb_local
from onebox.built_system import OUT, built_system
from onebox.commands import KEXEC_STAND_IN, dynamodb_directory
from onebox.home import Home
from onebox.settings import BoxSettings


class Missing(Exception):
    """Something that is needed is not there; the message says what to install or set."""


_DOCTOR = "`bin/ccc doctor` lists everything that is missing, with remedies"


def check_machine(settings: BoxSettings, out: Path = OUT) -> None:
    """Raise Missing unless everything is there that this start will use; `out` is where `make machine` builds."""
    if not sys.platform.startswith("linux"):
        raise Missing("One box runs on Linux only: it ties its processes together with Linux's parent-death signal.")
    if not settings.emulated:
        _check_real(settings, out)
    if wants_dynamodb_local(settings):
        problem = dynamodb_local.missing(dynamodb_directory())
        if problem is not None:
            raise Missing(problem)


def wants_dynamodb_local(settings: BoxSettings) -> bool:
    """Whether the store is DynamoDB and nobody says where one is."""
    store = settings.variables.get("CCC_STORE", "")
    return store.startswith("dynamodb:") and not settings.variables.get("AWS_ENDPOINT_URL_DYNAMODB")


def make_kexec_stand_in(home: Home) -> None:
    """Make the file that stands for the installer's image where the stand-in installer is used."""
    (home.path / KEXEC_STAND_IN).touch(mode=0o600)


def _check_real(settings: BoxSettings, out: Path) -> None:
    path = settings.variables.get("PATH")
    absent = [name for name in ("nixos-anywhere", "nix", "ssh") if shutil.which(name, path=path) is None]
    if absent:
        raise Missing(
            f"HCLOUD_TOKEN is set, so real servers would be bought, but {' and '.join(absent)} is not on PATH. "
            f"Install nix (https://nixos.org/download) and the pinned nixos-anywhere: {_DOCTOR}; "
            "or unset HCLOUD_TOKEN to work with the emulator."
        )
    unset = [] if built_system(settings, out) else ["CCC_STORE_PATHS"]
    unset += [] if settings.variables.get("CCC_KEXEC") else ["CCC_KEXEC"]
    if unset:
        raise Missing(
            f"{' and '.join(unset)} must say where the built system and its installer lie: `make machine` builds the "
            f"system, and {_DOCTOR}; or unset HCLOUD_TOKEN to work with the emulator."
        )

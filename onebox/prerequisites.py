"""What a start needs from the machine, checked before anything is started; each sentence says what to do."""

from __future__ import annotations

import shutil
import sys

from onebox import dynamodb_local
from onebox.commands import KEXEC_STAND_IN, dynamodb_directory
from onebox.home import Home
from onebox.settings import BoxSettings


class Missing(Exception):
    """Something that is needed is not there; the message says what to install or set."""


def check_machine(settings: BoxSettings) -> None:
    """Raise Missing unless everything is there that this start will use."""
    if not sys.platform.startswith("linux"):
        raise Missing("One box runs on Linux only: it ties its processes together with Linux's parent-death signal.")
    if not settings.emulated:
        _check_real(settings)
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


def _check_real(settings: BoxSettings) -> None:
    path = settings.variables.get("PATH")
    absent = [name for name in ("nixos-anywhere", "nix", "ssh") if shutil.which(name, path=path) is None]
    if absent:
        raise Missing(
            f"HCLOUD_TOKEN is set, so real servers would be bought, but {' and '.join(absent)} is not on PATH. "
            "Install nix (https://nixos.org/download), then `nix profile install nixpkgs#nixos-anywhere`; "
            "or unset HCLOUD_TOKEN to work with the emulator."
        )
    unset = [name for name in ("CCC_STORE_PATHS", "CCC_KEXEC") if not settings.variables.get(name)]
    if unset:
        raise Missing(
            f"{' and '.join(unset)} must say where the built system lies: build it with `make machine`, "
            "or unset HCLOUD_TOKEN to work with the emulator."
        )

"""What a start needs from the machine, checked before anything is started; each sentence says what to do.

With a real token servers are bought, so everything that installing one needs is looked at first, in one go: the same
look that `ccc doctor` takes. What only has to be built is built.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from builder import kexec_pin
from builder.prerequisites.finding import Finding
from builder.prerequisites.look import look
from builder.prerequisites.places import DISKO, KEXEC, NIXOS_ANYWHERE, STORE_PATHS, TOPLEVEL, Places
from onebox import dynamodb_local, machine_build
from onebox.built_system import OUT, places
from onebox.commands import dynamodb_directory
from onebox.machine_build import NotBuilt
from onebox.settings import BoxSettings

BOUGHT = "HCLOUD_TOKEN is set, so real servers would be bought, but this machine cannot install them yet:"
OTHERWISE = "`bin/ccc doctor` shows all that was looked at; unset HCLOUD_TOKEN to work with the emulator."


class Missing(Exception):
    """Something that is needed is not there; the message says what to install or set."""


def check_machine(settings: BoxSettings, out: Path = OUT) -> None:
    """Raise Missing unless everything is there that this start will use; `out` is where the guests' system is built.

    With a real token and a sound nix, what is not in `out` is built first, which may take half an hour.
    """
    if not sys.platform.startswith("linux"):
        raise Missing("One box runs on Linux only: it ties its processes together with Linux's parent-death signal.")
    if not settings.emulated:
        _check_real(places(settings, out))
    if wants_dynamodb_local(settings):
        problem = dynamodb_local.missing(dynamodb_directory())
        if problem is not None:
            raise Missing(problem)


def wants_dynamodb_local(settings: BoxSettings) -> bool:
    """Whether the store is DynamoDB and nobody says where one is."""
    store = settings.variables.get("CCC_STORE", "")
    return store.startswith("dynamodb:") and not settings.variables.get("AWS_ENDPOINT_URL_DYNAMODB")


def _check_real(here: Places) -> None:
    wrong = _wrong(here)
    if wrong and {finding.name for finding in wrong} <= _buildable(here):
        try:
            _build(here, {finding.name for finding in wrong})
        except NotBuilt as error:
            raise Missing(f"{error} {OTHERWISE}") from error
        wrong = _wrong(here)
    if wrong:
        raise Missing(_told(wrong))


def _wrong(here: Places) -> list[Finding]:
    return [finding for finding in look(here) if not finding.good]


def _buildable(here: Places) -> set[str]:
    """What a build mends: nothing that a person has named otherwise, and no archive whose hash nobody knows."""
    pinned = not here.said(KEXEC) and kexec_pin.expected(None) is not None
    system = {NIXOS_ANYWHERE} if here.said(STORE_PATHS) else {NIXOS_ANYWHERE, STORE_PATHS}
    return system | ({KEXEC} if pinned else set())


def _build(here: Places, wrong: set[str]) -> None:
    parts = [TOPLEVEL, DISKO] if STORE_PATHS in wrong else []
    parts += [NIXOS_ANYWHERE] if NIXOS_ANYWHERE in wrong else []
    machine_build.build(parts, here.variables, here.out)
    if KEXEC in wrong:
        machine_build.fetch_archive(here.out)


def _told(wrong: Sequence[Finding]) -> str:
    width = max(len(finding.name) for finding in wrong) + 2
    lines = [f"  {finding.name:<{width}}{finding.found}\n  {'':<{width}}do: {finding.remedy}" for finding in wrong]
    return "\n".join([BOUGHT, *lines, OTHERWISE])

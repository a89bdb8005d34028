"""Whether the built system and the installer's archive are here, and are what they are taken for."""

from __future__ import annotations

import os
from pathlib import Path

from builder import kexec_pin
from builder.prerequisites.finding import Finding
from builder.prerequisites.places import ARCHIVE, KEXEC, KEXEC_SHA256, STORE_PATHS, Places
from builder.prerequisites.programs import BUILD

PIN = ".venv/bin/python -m builder.refresh kexec"
FETCH = f".venv/bin/python -m builder.kexec out/{ARCHIVE}"
TWO = 2


def store_paths(places: Places) -> Finding:
    """Whether the disko script and the system exist and look like them."""
    said, paths = places.said(STORE_PATHS), places.store_paths
    again = f"unset {STORE_PATHS}; {BUILD}" if said else BUILD
    if len(paths) != TWO or not all(path.is_absolute() for path in paths):
        found = "it is not two absolute paths, the disko script and the system"
        return Finding(name=STORE_PATHS, found=found, remedy=again)
    disko, toplevel = paths
    if not said and not (os.path.lexists(disko) or os.path.lexists(toplevel)):
        return Finding(name=STORE_PATHS, found=f"it is not set, and nothing is in {places.out}", remedy=BUILD)
    if not (disko.is_file() and os.access(disko, os.X_OK)):
        return Finding(name=STORE_PATHS, found=f"{disko} is no disko script", remedy=again)
    if not (toplevel / "nixos-version").is_file():
        return Finding(name=STORE_PATHS, found=f"{toplevel} is no system", remedy=again)
    return Finding(name=STORE_PATHS, found=f"{disko.resolve()} {toplevel.resolve()}")


def kexec(places: Places, pin: Path = kexec_pin.PIN) -> Finding:
    """Whether the installer's archive is here and has the hash that was pinned for it; reads the whole file."""
    path, wanted = places.kexec, kexec_pin.expected(places.said(KEXEC_SHA256), pin)
    remedy = _remedy(places, pinned=wanted is not None)
    if not places.said(KEXEC) and not path.exists():
        found = f"it is not set, and there is no {path}; without it the machine would fetch one that nobody checked"
        return Finding(name=KEXEC, found=found, remedy=remedy)
    if not path.is_absolute() or not path.name.endswith(kexec_pin.ENDING):
        return Finding(name=KEXEC, found=f"it is not an absolute path that ends in {kexec_pin.ENDING}", remedy=remedy)
    problem = kexec_pin.problem(path, wanted)
    return (
        Finding(name=KEXEC, found=problem, remedy=remedy)
        if problem
        else Finding(name=KEXEC, found=f"{path}, as pinned")
    )


def _remedy(places: Places, *, pinned: bool) -> str:
    fetch = f"unset {KEXEC}; {FETCH}" if places.said(KEXEC) else FETCH
    return fetch if pinned else f"{PIN} && {fetch}"

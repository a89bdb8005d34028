"""The whole look at a machine, in the order in which a person would mend it."""

from __future__ import annotations

from builder.prerequisites import programs, system
from builder.prerequisites.finding import Finding
from builder.prerequisites.places import Places


def look(places: Places) -> list[Finding]:
    """Everything that installing real machines needs, found or not; takes a second, since an archive is hashed.

    A nix that is not there, or too old, is asked nothing more: installing another one may mend the rest as well.
    """
    path = places.path
    nix = programs.nix(path)
    return [
        programs.ssh(path),
        nix,
        *((programs.flakes(path), programs.store(path)) if nix.good else ()),
        programs.nixos_anywhere(path),
        system.store_paths(places),
        system.kexec(places),
    ]

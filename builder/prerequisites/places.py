"""Where one box has what it installs with: what the variables say, or else what `make machine` left in `out/`.

Nothing is looked into here: see `system` and `programs` for whether it will do.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

STORE_PATHS, KEXEC, KEXEC_SHA256 = "CCC_STORE_PATHS", "CCC_KEXEC", "CCC_KEXEC_SHA256"
DISKO, TOPLEVEL, NIXOS_ANYWHERE, ARCHIVE = "disko", "toplevel", "nixos-anywhere", "kexec.tar.gz"


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """`variables` are a person's own, and an empty one counts as absent; `out` is where `make machine` builds."""

    variables: Mapping[str, str]
    out: Path

    def said(self, name: str) -> str | None:
        """What a variable says."""
        return self.variables.get(name) or None

    @property
    def store_paths(self) -> list[Path]:
        """The disko script and the system; another number of paths where the variable does not name two."""
        said = self.said(STORE_PATHS)
        if said is None:
            return [self.out / DISKO, self.out / TOPLEVEL]
        try:
            return [Path(word) for word in shlex.split(said)]
        except ValueError:  # an open quote
            return []

    @property
    def kexec(self) -> Path:
        """The archive that boots the installer."""
        said = self.said(KEXEC)
        return Path(said) if said else self.out / ARCHIVE

    @property
    def path(self) -> str:
        """The search path of programs: a nixos-anywhere that was built here comes before any other."""
        built, usual = self.out / NIXOS_ANYWHERE / "bin", self.said("PATH") or os.defpath
        return f"{built}{os.pathsep}{usual}" if built.is_dir() else usual

"""What a builder installs, as files that exist: a disko script, a system, and the archive that boots the installer."""

from __future__ import annotations

import hashlib
import shlex
from pathlib import Path


class Installed:
    """Three paths in a folder, and the variables that name them to a job."""

    def __init__(self, folder: Path) -> None:
        self.disko, self.system, self.kexec = folder / "d-disko", folder / "s-system", folder / "k-kexec.tar.gz"
        self.system.mkdir(parents=True)
        (self.system / "nixos-version").write_text("26.05", encoding="utf-8")
        self.disko.write_text("#!/bin/sh\n", encoding="utf-8")
        self.disko.chmod(0o755)
        self.kexec.write_bytes(b"the installer")

    @property
    def sha256(self) -> str:
        """The archive's hash."""
        return hashlib.sha256(self.kexec.read_bytes()).hexdigest()

    @property
    def variables(self) -> dict[str, str]:
        """What a job is told."""
        return {
            "CCC_STORE_PATHS": shlex.join([str(self.disko), str(self.system)]),
            "CCC_KEXEC": str(self.kexec),
            "CCC_KEXEC_SHA256": self.sha256,
        }

"""A machine that has everything for real servers, as far as anybody looks: stub programs, and files where they belong.

The stub `nix` tells its version, knows flakes, has a store, and builds by making what is asked for; it keeps its calls.
"""

from __future__ import annotations

import os
from pathlib import Path

from tests.unit.builder.installed import Installed

_NIX = """#!/bin/sh
here=$(dirname "$0")
printf '%s\\n' "$*" >>"$here/nix.calls"
case "$*" in
    --version) echo "nix (Nix) $(cat "$here/nix.version")" ;;
    *' build '*) exec "$here/nix.build" "$@" ;;
    'eval '*getFlake) cat "$here/nix.flakes" ;;
    *'store info') exit "$(cat "$here/nix.store")" ;;
    *) exit 64 ;;
esac
"""
_BUILD = """#!/bin/sh
[ ! -e "$(dirname "$0")/nix.broken" ] || { echo 'error: no such attribute' >&2; exit 1; }
while [ "$1" != --out-link ]; do part=$1; shift; done
ln -sfn "$(dirname "$0")/../store/$(cat "$(dirname "$0")/../store/name-of-${part#.#}")" "$2"
"""
ANYWHERE = f"{'0' * 32}-nixos-anywhere-1.13.0"


class ReadyMachine:
    """`variables` are those of a person who has everything; `out` is empty, and what nix can build is in `store`."""

    def __init__(self, folder: Path) -> None:
        self.programs, self.store, self.out = folder / "bin", folder / "store", folder / "out"
        self.programs.mkdir(parents=True)
        self.installed = Installed(self.store)
        for name in ("ssh", "ssh-keygen", "ssh-copy-id"):
            self.program(self.programs / name)
        self.program(self.programs / "nix", _NIX)
        self.program(self.programs / "nix.build", _BUILD)
        self.nix_says(version="2.24.1", flakes="true", store="0")
        self.program(self.store / ANYWHERE / "bin" / "nixos-anywhere")
        self.named({"toplevel": "s-system", "disko": "d-disko", "nixos-anywhere": ANYWHERE})

    def named(self, parts: dict[str, str]) -> None:
        """Let `nix build .#PART` make a link to what has this name in the store."""
        for part, name in parts.items():
            (self.store / f"name-of-{part}").write_text(name, encoding="utf-8")

    def nix_says(self, **answers: str) -> None:
        """Let nix answer so: `version`, `flakes` (true or false), `store` (an exit status)."""
        for what, answer in answers.items():
            (self.programs / f"nix.{what}").write_text(f"{answer}\n", encoding="utf-8")

    def break_builds(self) -> None:
        """Let every `nix build` fail."""
        (self.programs / "nix.broken").touch()

    def put_anywhere_on_path(self) -> None:
        """Have nixos-anywhere as a profile has it: a link on PATH into the store."""
        (self.programs / "nixos-anywhere").symlink_to(self.store / ANYWHERE / "bin" / "nixos-anywhere")

    @staticmethod
    def program(path: Path, script: str = "#!/bin/sh\n") -> Path:
        """Put a program somewhere."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(script, encoding="utf-8")
        path.chmod(0o755)
        return path

    @property
    def nix_calls(self) -> list[str]:
        """What nix was called with, a line each."""
        file = self.programs / "nix.calls"
        return file.read_text(encoding="utf-8").splitlines() if file.exists() else []

    @property
    def path(self) -> str:
        """A PATH with the stubs first, and what a shell script needs."""
        return f"{self.programs}{os.pathsep}{self._shell}"

    @property
    def _shell(self) -> Path:
        """The few programs of the stub's own script, so that no real nix or ssh is found beside them."""
        folder = self.programs.parent / "shell"
        if not folder.exists():
            folder.mkdir()
            for name in ("sh", "cat", "dirname", "ln"):
                (folder / name).symlink_to(f"/bin/{name}")
        return folder

    @property
    def variables(self) -> dict[str, str]:
        """All variables of one who has set everything."""
        return {"PATH": self.path, **self.installed.variables}

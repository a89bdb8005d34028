"""A `nixos-anywhere` that does what a test wrote down, and keeps what it was called with."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

_PROGRAM = f"""#!{sys.executable} -IS
import json, os, sys
here = os.path.dirname(os.path.abspath(__file__))
phases = sys.argv[sys.argv.index("--phases") + 1]
tree = {{}}
root = sys.argv[sys.argv.index("--extra-files") + 1]
for folder, _, names in os.walk(root):
    tree[os.path.relpath(folder, root)] = [oct(os.stat(folder).st_mode & 0o7777), ""]
    for name in names:
        path = os.path.join(folder, name)
        with open(path, encoding="utf-8") as file:
            tree[os.path.relpath(path, root)] = [oct(os.stat(path).st_mode & 0o7777), file.read()]
with open(os.path.join(here, "calls"), "a", encoding="utf-8") as calls:
    calls.write(json.dumps({{"arguments": sys.argv[1:], "environment": dict(os.environ), "tree": tree}}) + "\\n")
for name in (phases + ".once", phases):
    script = os.path.join(here, name + ".sh")
    if os.path.exists(script):
        if name.endswith(".once"):
            os.rename(script, script + ".done")
            script += ".done"
        os.execv("/bin/sh", ["sh", script])
"""

STEPS = {
    "kexec": ["Uploading install SSH keys", "Gathering machine facts", "Switching system into kexec", "Done!"],
    "disko,install": [
        "Gathering machine facts",
        "Formatting hard drive with disko",
        "Uploading the system closure",
        "Copying extra files",
        "Installing NixOS",
        "Done!",
    ],
    "reboot": ["Gathering machine facts", "Rebooting", "Done!"],
}
"""What a good run of nixos-anywhere says."""


class Programs:
    """A folder of programs to put on PATH: `nixos-anywhere`, and an `ssh` that must not be reached."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.write("nixos-anywhere", _PROGRAM)
        self.write("ssh", "#!/bin/sh\nprintf '%s\\n' \"$@\"\n")
        for phases, steps in STEPS.items():
            self.run(phases, "".join(f"echo '### {step} ###'\n" for step in steps))

    def write(self, name: str, text: str) -> Path:
        """Put a program into the folder."""
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755)
        return path

    def run(self, phases: str, shell: str, *, once: bool = False) -> None:
        """Let runs with these phases, or only the next one, do this."""
        (self.folder / f"{phases}{'.once' if once else ''}.sh").write_text(shell, encoding="utf-8")

    @property
    def path(self) -> str:
        """A PATH with the folder first."""
        return f"{self.folder}{os.pathsep}{os.environ['PATH']}"  # noqa: TID251 -- the shell's own programs

    @property
    def calls(self) -> list[dict[str, Any]]:
        """What every run was called with."""
        file = self.folder / "calls"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    @property
    def phases(self) -> list[str]:
        """The phases of every run, in order."""
        return [_after(call["arguments"], "--phases") for call in self.calls]


def _after(arguments: list[str], option: str) -> str:
    return arguments[arguments.index(option) + 1]

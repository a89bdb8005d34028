"""The folder that holds all state of one stack (`CCC_HOME`): where things lie in it, and who may use it now.

Whoever holds the lock is the stack; the lock goes with the process, however it ends.
"""

from __future__ import annotations

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path
from typing import IO


class HomeTaken(Exception):
    """Another process runs a stack in this folder, or the folder is another provider's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """The folder at `path` (absolute)."""

    path: Path

    @property
    def socket(self) -> Path:
        """Where the supervisor listens."""
        return self.path / "run" / "supervisor.sock"

    @property
    def keyring(self) -> Path:
        """The stack's secrets."""
        return self.path / "keyring"

    @property
    def operator_token(self) -> Path:
        """The operator's token, kept since `onebox.env` shows it again at every start."""
        return self.path / "operator-token"

    @property
    def environment(self) -> Path:
        """The lines a shell reads to talk to this stack."""
        return self.path / "onebox.env"

    @property
    def builds(self) -> Path:
        """One folder per build attempt."""
        return self.path / "builds"

    def log(self, name: str) -> Path:
        """Every line of a process that serves; the terminal shows the rarer ones."""
        return self.path / "log" / f"{name}.log"

    @property
    def functions(self) -> Path:
        """Where the hosts of the packaged functions listen (STACK=aws)."""
        return self.path / "run" / "functions"

    @property
    def aws(self) -> Path:
        """What the stand-ins of AWS keep (STACK=aws)."""
        return self.path / "aws"

    @property
    def mail(self) -> Path:
        """The maildir."""
        return self.path / "mail"

    @property
    def emulator(self) -> Path:
        """The emulator's state."""
        return self.path / "emulator"

    @property
    def clock(self) -> Path:
        """The offset of the shared clock."""
        return self.path / "clock"

    def make(self) -> None:
        """Make the folder and its rooms, for this user alone (0700)."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path.chmod(0o700)
        for room in (self.socket.parent, self.builds, self.emulator):
            room.mkdir(mode=0o700, exist_ok=True)

    def lock(self) -> IO[str]:
        """Take the folder until the returned file is closed; HomeTaken when another process has it."""
        file = (self.path / "lock").open("a+", encoding="utf-8")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "another process"
            file.close()
            raise HomeTaken(f"{self.path} is in use by {holder}: stop it, or set CCC_HOME to another folder.") from None
        file.truncate(0)
        file.write(f"process {os.getpid()}\n")
        file.flush()
        return file

    def be_made_of(self, stack: str) -> None:
        """Note what the stack is made of at the first start; HomeTaken when the folder was made for the other one."""
        note = self.path / "stack"
        if not note.exists():
            first = not (self.path / "provider").exists()
            note.write_text(f"{stack if first else 'onebox'}\n", encoding="utf-8")
        kept = note.read_text(encoding="utf-8").strip()
        if kept != stack:
            raise HomeTaken(f"{self.path} holds the state of STACK={kept}, not of {stack}: set CCC_HOME to another.")

    def belong_to(self, provider: str) -> None:
        """Note the provider at the first start; HomeTaken when the folder was made for another one."""
        note = self.path / "provider"
        if not note.exists():
            note.write_text(f"{provider}\n", encoding="utf-8")
        kept = note.read_text(encoding="utf-8").strip()
        if kept != provider:
            raise HomeTaken(
                f"{self.path} holds the state of a stack on {kept}, not on {provider}: set CCC_HOME to another folder."
            )

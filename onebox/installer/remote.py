"""The ssh on PATH, called with the options of the real program.

Whoever puts a shim before it on PATH decides about host keys.
"""

import subprocess
from dataclasses import dataclass
from typing import IO

_PATIENCE = 10


@dataclass(slots=True, kw_only=True)
class Remote:
    """A machine to run commands on; its port changes once, with the kexec."""

    host: str
    options: list[str]

    def command(self, words: list[str], *, connect_timeout: bool = False) -> list[str]:
        """Return the whole command line."""
        patience = ["-o", f"ConnectTimeout={_PATIENCE}"] if connect_timeout else []
        return ["ssh", "-T", *self.options, self.host, *patience, *words]

    def run(self, words: list[str], *, given: bytes | IO[bytes] = b"") -> int:
        """Run a command with what is `given` on its input and return its status; output is passed on."""
        if isinstance(given, bytes):
            return subprocess.run(self.command(words), input=given, check=False).returncode
        return subprocess.run(self.command(words), stdin=given, check=False).returncode

    def ask(self, words: list[str], *, given: bytes = b"") -> tuple[int, str]:
        """Run a command and return its status and output."""
        done = subprocess.run(
            self.command(words, connect_timeout=True), input=given, stdout=subprocess.PIPE, check=False
        )
        return done.returncode, done.stdout.decode(errors="replace")

    def answers(self) -> bool:
        """Tell whether a login works now."""
        words = self.command(["--", "exit", "0"], connect_timeout=True)
        try:
            done = subprocess.run(words, stdin=subprocess.DEVNULL, timeout=_PATIENCE, check=False)
        except subprocess.TimeoutExpired:
            return False
        return done.returncode == 0

    def use_port(self, port: str) -> None:
        """Replace the port, if one was given: the installer listens on its own."""
        if "-p" in self.options:
            self.options[self.options.index("-p") + 1] = port

"""Running `ccc` from a test: in this process, as a process of its own, and on a pseudo-terminal."""

from __future__ import annotations

import base64
import os
import pty
import select
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

CTRL_C = "\x03"
CHECKOUT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str


def fresh_public_key(comment: str = "guest@laptop") -> str:
    """Return a well-formed ed25519 public key that nobody has the other half of."""
    blob = b"\x00\x00\x00\x0bssh-ed25519\x00\x00\x00\x20" + os.urandom(32)
    return f"ssh-ed25519 {base64.b64encode(blob).decode()} {comment}"


def fresh_private_key(folder: Path, kind: str = "ed25519") -> Path:
    """Make a key pair with ssh-keygen and return the path of the private half."""
    path = folder / "id"
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-f", path], check=True, stdin=subprocess.DEVNULL)
    return path


def start(
    environment: dict[str, str],
    *arguments: str,
    stdin: int = subprocess.DEVNULL,
    stdout: int = subprocess.PIPE,
    stderr: int = subprocess.PIPE,
) -> subprocess.Popen[str]:
    """Start `ccc` as a process of its own; stdout and stderr are pipes unless said."""
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "ccc", *arguments],
        env={**environment, "PYTHONPATH": str(CHECKOUT)},
        stdin=stdin,
        text=True,
        stdout=stdout,
        stderr=stderr,
    )


def finished(process: subprocess.Popen[str]) -> Done:
    """Wait for a started command."""
    out, err = process.communicate(timeout=120)
    return Done(code=process.returncode, out=out or "", err=err or "")


def on_terminal(
    environment: dict[str, str], *arguments: str, answers: tuple[tuple[str, str], ...] = ()
) -> tuple[int, str]:
    """Run `ccc` on a pseudo-terminal; type each of `answers` when its prompt appears. Return code and screen."""
    terminal, theirs = pty.openpty()
    chosen = {"TERM": "xterm", **environment}
    process = start(chosen, *arguments, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    screen, left, interrupting, deadline = "", list(answers), False, time.monotonic() + 120
    while time.monotonic() < deadline:
        if not select.select([terminal], [], [], 0.5)[0]:
            if interrupting:  # once more: the first may have come between a prompt and its read
                process.send_signal(signal.SIGINT)
            continue
        try:
            screen += os.read(terminal, 4096).decode(errors="replace")
        except OSError:  # nobody holds the other side any more
            break
        if left and left[0][0] in screen:
            answer = left.pop(0)[1]
            interrupting = answer == CTRL_C
            if interrupting:
                process.send_signal(signal.SIGINT)
            else:
                os.write(terminal, answer.encode())
    os.close(terminal)
    if time.monotonic() >= deadline:
        process.kill()
    return process.wait(), screen

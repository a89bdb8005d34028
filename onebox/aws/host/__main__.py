"""Serves a packaged function; what is on `sys.path` by then is Python's own and the artefact.

Started as `python -I -S -u -c BOOT …` by `command`: no site-packages, no folder of this checkout.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Sequence
from pathlib import Path

from onebox.aws.host.environments import Environments
from onebox.aws.host.settings import HostSettings, host_settings
from onebox.short_path import short_path

_BACKLOG = 256

BOOT = "import sys; sys.path.insert(0, sys.argv.pop(1)); from onebox.aws.host.__main__ import main; main(sys.argv[1:])"


def command(python: str, checkout: Path, settings: HostSettings) -> list[str]:
    """The command line of a host."""
    return [python, "-I", "-S", "-u", "-B", "-c", BOOT, str(checkout), *settings.words()]


def main(words: Sequence[str]) -> None:
    """Serve until the process is ended."""
    settings = host_settings(words)
    sys.path[0] = str(settings.root)
    with _listening(settings.socket) as listening:
        Environments(listening, settings).serve()


def _listening(path: Path) -> socket.socket:
    """A socket at `path`, made under another name first: whoever connects finds one that listens, or none."""
    made = path.with_name(f".{path.name}")
    made.unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with short_path(made) as address:
        listening.bind(address)
    made.chmod(0o600)
    listening.listen(_BACKLOG)
    made.replace(path)
    return listening

"""A supervisor over tiny stand-ins, as a process of its own: `python stand_in_stack.py HOME`.

The emulator says its line; the gateway says what it was given, starts a builder, says that it is ready, and sleeps deaf
to SIGTERM; the builder starts a process in a session of its own and sleeps.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from onebox.build_folder import BuildFolder
from onebox.commands import Commands
from onebox.console import Console
from onebox.home import Home
from onebox.keys import keep_keys
from onebox.ready import Announcement
from onebox.settings import box_settings
from onebox.spawn import Command
from onebox.supervisor import Supervisor

EMULATOR = (
    "import time; print('listening on http://127.0.0.1:1/v1 ssh-port 2222 addresses x', flush=True); time.sleep(60)"
)

GATEWAY = """
import json, os, signal, sys, time
from pathlib import Path
from chalicelib.adapters.process_installer import ProcessInstaller
from chalicelib.operations.ports import BuildStart
from onebox.gateway.supervisor_line import SupervisorLine
signal.signal(signal.SIGTERM, signal.SIG_IGN)
path = Path(os.environ["CCC_HOME"]) / "run" / "supervisor.sock"
given = {name: os.environ.get(name) for name in ("CCC_SSH_PORT", "ONEBOX_KILL_AFTER", "ONEBOX_EXPIRE_LEASES")}
print("given", *given.values(), flush=True)
entry = {"at": "2026-11-23T04:27:17.000000Z", "level": "info", "event": "http.answered", "logger": "ccc.http"}
print(json.dumps(entry))
print(json.dumps({**entry, "level": "error", "event": "instance.raised", "instance_id": "0123456789ab"}), flush=True)
start = BuildStart(instance_id="0123456789ab", attempt=1, api_url="http://127.0.0.1:1", claim_code="made-up")
ProcessInstaller(path, 1).start(start)
SupervisorLine(path=path).ask("ready")
time.sleep(60)
"""

BUILDER = "setsid sleep 60 & echo working; wait"


class StandIns(Commands):
    """The usual commands with other programs in them."""

    __slots__ = ()

    def emulator(self, life: int) -> Command:
        """A program that says it listens."""
        return replace(super().emulator(life), arguments=[self.python, "-S", "-c", EMULATOR])

    def gateway(self, life: int, ssh_port: int) -> Command:
        """A program that says it is ready."""
        return replace(super().gateway(life, ssh_port), arguments=[self.python, "-c", GATEWAY])

    def builder(self, folder: BuildFolder, mark: str, given: Mapping[str, str], *, life: int) -> Command:
        """A program that leaves something behind."""
        return replace(super().builder(folder, mark, given, life=life), arguments=["sh", "-c", BUILDER])


def main(folder: Path) -> int:
    """Run until a signal."""
    home = Home(path=folder)
    home.make()
    keys = keep_keys(home, None)
    settings = box_settings({**os.environ, "CCC_HOME": str(folder)})  # noqa: TID251 -- started with its settings here
    announcement = Announcement(
        url="http://localhost:1",
        port=settings.port,
        token=keys.operator_token,
        provider="emulator",
        endpoint="http://127.0.0.1:1/v1",
        hetzner_token=keys.hetzner_token,
    )
    with socket.socket() as listening:
        commands = StandIns(settings=settings, home=home, life="life", listening=listening.fileno())
        return Supervisor(commands, announcement, Console()).run()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))

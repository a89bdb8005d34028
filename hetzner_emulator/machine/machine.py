"""One server as its own system sees it: its files, what it is running, and what changes when it reboots."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from hetzner_emulator import doom
from hetzner_emulator.emulator import Emulator
from hetzner_emulator.lifecycle import appears, power_off, up
from hetzner_emulator.machine.birth import new_host_key
from hetzner_emulator.records import Server

_RECORD = Path("var/lib/cloud-instance/instance.json")
_GUEST_KEYS = (
    Path("var/lib/cloud-instance/authorized_keys.d/claude"),
    Path("etc/ssh/authorized_keys.d/claude"),
)
_HOST_KEY = Path("etc/ssh/ssh_host_ed25519_key")

_NOTICEABLE = 1.5


class Machine:
    """A server running `system` (stock, installer or guest). Its disk is what the installer has under /mnt."""

    def __init__(self, emulator: Emulator, server_id: int, system: str) -> None:
        self.emulator = emulator
        self.server_id = server_id
        self.system = system
        self._generation = self.server.generation

    @property
    def server(self) -> Server:
        """The record as it is now."""
        return self.emulator.world.servers[self.server_id]

    @property
    def folder(self) -> Path:
        """The private folder on the host."""
        return self.emulator.folder_of(self.server)

    @property
    def disk(self) -> Path:
        """The root of the installed system."""
        return self.folder / "disk"

    @property
    def hostname(self) -> str:
        """`cc-<instance id>` as the installed record says, else the server's name."""
        ident = self.record().get("instance_id")
        return f"cc-{ident}" if isinstance(ident, str) and ident.isalnum() else self.server.name

    def record(self) -> dict[str, Any]:
        """Return the installed record, empty when there is none."""
        try:
            record = json.loads((self.disk / _RECORD).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return record if isinstance(record, dict) else {}

    def change(self, **fields: Any) -> None:
        """Change the record and commit."""
        self.emulator.world.put_server(replace(self.server, **fields))
        self.emulator.world.commit()

    def logins(self) -> dict[str, list[str]]:
        """Return who may log in: user name → lines of authorized keys."""
        if self.system != "guest":
            return {"root": list(self.server.root_keys)}
        lines: list[str] = []
        for path in _GUEST_KEYS:
            if (self.disk / path).is_file():
                lines += (self.disk / path).read_text(encoding="utf-8", errors="replace").splitlines()
        return {"claude": [line for line in lines if line.strip() and not line.startswith("#")]}

    def host_key(self) -> str:
        """Return the private host key: planted on the first boot, or the one the install brought."""
        if self.system != "guest":
            return self.server.host_key
        path = self.disk / _HOST_KEY
        if not path.is_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(new_host_key(), encoding="utf-8")
            path.chmod(0o600)
        return path.read_text(encoding="utf-8")

    def leave_for_installer(self) -> None:
        """Kexec: gone in a moment, back as the installer with the same host key."""
        now, latency = self.emulator.clock.now(), self.emulator.latency
        gone = now + latency.leave
        self._come_past("kexec")
        if self.server.kexec_lost:
            self.change(fate="old_system", kexec_lost=False)
        line = appears(self.server, "installer", gone, gone + latency.kexec)
        self.change(ssh_line=(self._here(now), *line))

    def leave_for_disk(self) -> None:
        """Reboot: gone in a moment, back as whatever the disk boots."""
        now, latency = self.emulator.clock.now(), self.emulator.latency
        gone = now + latency.leave
        if self.server.disk == "installed" and self._come_past("reboot") and self.server.fate == "other_key":
            (self.disk / _HOST_KEY).write_text(new_host_key(), encoding="utf-8")
        self.change(ssh_line=(self._here(now), *up(self.emulator, self.server, gone)))

    def comes_to(self, point: str) -> bool:
        """Come to a point of an install; true when it dies there: whoever brought it there is not answered."""
        server = self.server
        if server.deleted_at is not None or server.generation != self._generation or not self._come_past(point):
            return False
        now = self.emulator.clock.now()
        if self.silent:
            self.change(ssh_line=appears(self.server, self.system, now, now))
        self.emulator.world.commit()
        return True

    def is_left(self) -> None:
        """Notice that somebody who had logged in has gone."""
        if self.system == "stock":
            self.comes_to("look")
        elif self.server.disk == "installed":
            self.comes_to("installed")

    @property
    def silent(self) -> bool:
        """Whether nothing is to be heard of it any more."""
        return self.server.fate in ("gone", "hangs")

    def _come_past(self, point: str) -> bool:
        """Change the record as the point does; true when the machine died."""
        before = self.server
        self.emulator.world.put_server(doom.past(before, point, new_host_key))
        return self.server.died > before.died

    def power_off(self) -> None:
        """Switch itself off: it is billed on, and stays off until somebody switches it on."""
        world, now = self.emulator.world, self.emulator.clock.now()
        if self.server.deleted_at is not None:
            return
        world.put_server(power_off(self.emulator, self.server, now))
        world.commit()

    def _here(self, now: float) -> tuple[float, str]:
        """Return what the machine is until it is gone: what it was, or when that is soon, deaf to new connections.

        The real installer looks once a second whether the machine is gone; scaled down, it would miss it.
        """
        if self.emulator.latency.leave < _NOTICEABLE:
            return now, "leaving"
        entries = [entry for entry in self.server.ssh_line if entry[0] <= now]
        return entries[-1] if entries else (now, self.system)

"""A server, its keys, and the programs that talk to it: ssh with pinned host keys and the stand-in installer."""

import asyncio
import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import asyncssh

from tests.unit.hetzner_emulator.running import ROOT, Api, Json

_PATIENCE = 60.0
_STORE = 'mkdir -p "$HOME/kexec" && cat > "$HOME/kexec/nixos-anywhere-kexec.sh"'
UNPINNED = ("-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null")


def make_key(folder: Path, name: str) -> Path:
    """Return the private key of that name in a folder, its public half beside it; made when it is not there."""
    path = folder / name
    if not path.exists():
        key = asyncssh.generate_private_key("ssh-ed25519")
        path.write_bytes(key.export_private_key())
        path.chmod(0o600)
        path.with_suffix(".pub").write_bytes(key.export_public_key())
    return path


class Box:
    """One server with an install key, a planted host key K1, a guest key and the K2 its install brings.

    `brought` are more files of the install, by their paths below /mnt; all can be executed.
    """

    def __init__(self, api: Api, folder: Path, name: str, *, user_data: str | None = None, **more: object) -> None:
        self.api, self.folder, self.name = api, folder, name
        folder.mkdir(parents=True, exist_ok=True)
        self.install_key, self.k1, self.guest_key, self.k2 = (
            make_key(folder, word) for word in ("install", "k1", "guest", "k2")
        )
        self.known_hosts = folder / "known_hosts"
        self.brought: dict[str, str] = {}
        made = api.create(name, user_data=self._user_data() if user_data is None else user_data, **more)
        self.id: int = made["server"]["id"]
        self.ip: str = made["server"]["public_net"]["ipv4"]["ip"]
        self.port: int = api.call("GET", "/_emulator").body["ssh_port"]
        self.trust(self.k1)

    def _user_data(self) -> str:
        config = {
            "ssh_keys": {
                "ed25519_private": self.k1.read_text(),
                "ed25519_public": self.k1.with_suffix(".pub").read_text(),
            },
            "ssh_authorized_keys": [self.install_key.with_suffix(".pub").read_text()],
            "chpasswd": {"expire": False},
            "ssh_pwauth": False,
        }
        return "#cloud-config\n" + json.dumps(config)

    def trust(self, key: Path) -> None:
        """Pin the server's host key."""
        host = self.ip if self.port == 22 else f"[{self.ip}]:{self.port}"
        self.known_hosts.write_text(f"{host} {key.with_suffix('.pub').read_text()}")

    def ssh_words(self, user: str, key: Path) -> list[str]:
        """Return the options of a login."""
        options = ["StrictHostKeyChecking=yes", f"UserKnownHostsFile={self.known_hosts}", "IdentitiesOnly=yes"]
        options += ["GlobalKnownHostsFile=/dev/null", "BatchMode=yes", f"IdentityFile={key}", f"Port={self.port}"]
        return [word for option in options for word in ("-o", option)] + [f"{user}@{self.ip}"]

    def ssh(
        self, user: str, key: Path, *command: str, given: str = "", options: tuple[str, ...] = ()
    ) -> subprocess.CompletedProcess[str]:
        """Run a command with the real ssh."""
        words = ["ssh", "-F", "none", *options, *self.ssh_words(user, key), *command]
        return subprocess.run(words, input=given, capture_output=True, text=True, timeout=_PATIENCE, check=False)

    def root(self, *command: str, given: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command as root, with the install key."""
        return self.ssh("root", self.install_key, *command, given=given)

    def guest(self, *command: str, given: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command as the guest."""
        return self.ssh("claude", self.guest_key, *command, given=given)

    def listens(self) -> bool:
        """Tell whether anything answers at the SSH port."""
        with contextlib.suppress(OSError), socket.create_connection((self.ip, self.port), timeout=2):
            return True
        return False

    def wait(self, *, listening: bool = True) -> None:
        """Wait until the machine answers, or no longer does."""
        end = time.monotonic() + _PATIENCE
        while self.listens() is not listening:
            assert time.monotonic() < end, f"{self.name} is not {'up' if listening else 'down'}"
            time.sleep(0.02)

    def system(self) -> str:
        """Return what runs there."""
        machines: list[Json] = self.api.call("GET", "/_emulator").body["servers"]
        return str(next(machine["system"] for machine in machines if machine["id"] == self.id))

    def extra_files(self) -> Path:
        """Return the folder of what the install brings."""
        root = self.folder / "extra"
        data, ssh = root / "var/lib/cloud-instance", root / "etc/ssh"
        (data / "authorized_keys.d").mkdir(parents=True, exist_ok=True)
        ssh.mkdir(parents=True, exist_ok=True)
        (data / "authorized_keys.d/claude").write_text(self.guest_key.with_suffix(".pub").read_text())
        (data / "instance.json").write_text(json.dumps({"instance_id": "0123456789ab"}))
        (ssh / "ssh_host_ed25519_key").write_bytes(self.k2.read_bytes())
        (ssh / "ssh_host_ed25519_key").chmod(0o600)
        for name, text in self.brought.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            path.chmod(0o755)
        return root

    def installer(self, phases: str, *more: str) -> subprocess.CompletedProcess[str]:
        """Run the stand-in with the host key pinned by an ssh that comes first on PATH."""
        return subprocess.run(
            self.installer_words(phases, *more),
            env=self.shimmed(),
            capture_output=True,
            text=True,
            timeout=4 * _PATIENCE,
            check=False,
        )

    def installer_words(self, phases: str, *more: str) -> list[str]:
        """Return the stand-in's command line."""
        words = [sys.executable, str(ROOT / "onebox/bin/nixos-anywhere")]
        words += ["--store-paths", "/nix/store/aaa-disko", "/nix/store/bbb-system", "--build-on", "local"]
        words += ["--kexec", str(self.known_hosts), "-i", str(self.install_key)]
        words += ["--extra-files", str(self.extra_files()), "-p", str(self.port)]
        return [*words, "--post-kexec-ssh-port", str(self.port), "--phases", phases, *more, f"root@{self.ip}"]

    def shimmed(self) -> dict[str, str]:
        """Return an environment whose ssh insists on the pinned host key."""
        shim = self.folder / "bin" / "ssh"
        shim.parent.mkdir(exist_ok=True)
        pins = f"-o StrictHostKeyChecking=yes -o UserKnownHostsFile={self.known_hosts} -o BatchMode=yes"
        shim.write_text(f'#!/bin/sh\nexec /usr/bin/ssh -F none {pins} -o GlobalKnownHostsFile=/dev/null "$@"\n')
        shim.chmod(0o755)
        return {"PATH": f"{shim.parent}:{os.defpath}", "HOME": str(self.folder)}

    def wait_for(self, system: str) -> None:
        """Wait until that system answers."""
        end = time.monotonic() + _PATIENCE
        while self.system() != system:
            assert time.monotonic() < end, f"{self.name} is not {system}"
            time.sleep(0.02)
        self.wait()

    def install(self) -> None:
        """Bring the server to the guest's system by the shortest way, on two connections."""
        self.wait()
        asyncio.run(self._run((_STORE, "x"), ('bash "$HOME/kexec/nixos-anywhere-kexec.sh"', "")))
        self.wait_for("installer")
        packed = subprocess.run(["tar", "-C", str(self.extra_files()), "-cf-", "."], capture_output=True, check=True)
        asyncio.run(
            self._run(
                ("/nix/store/aaa-disko", ""),
                ("tar -C /mnt -xf- --no-same-owner", packed.stdout),
                ("sh", 'nixos-install --system "/nix/store/bbb-system"'),
                ("reboot", ""),
            )
        )
        self.wait_for("guest")
        self.trust(self.k2)

    async def _run(self, *commands: tuple[str, str | bytes]) -> None:
        async with asyncssh.connect(
            self.ip,
            self.port,
            username="root",
            client_keys=[str(self.install_key)],
            known_hosts=None,
            config=None,
            agent_path=None,
        ) as connection:
            for command, given in commands:
                data = given if isinstance(given, bytes) else given.encode()
                done = await connection.run(command, input=data, encoding=None)
                assert done.exit_status == 0, (command, done.stderr)

"""Everything around one build: a control plane, a machine, programs, keys, and the order that ties them together."""

from __future__ import annotations

import io
import json
import secrets
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from builder.job import work
from builder.pace import Pace
from builder.settings import read
from chalicelib.adapters.ed25519_identities import Ed25519Identities
from chalicelib.domain.build import BuildOrder, KeyPair
from tests.unit.builder.control_plane import ControlPlane
from tests.unit.builder.installed import Installed
from tests.unit.builder.machine import ADDRESS, Machine
from tests.unit.builder.programs import Programs

CHECKOUT = Path(__file__).parents[3]
COMMENT = "ada@example.com"
AUTHORIZED_KEYS = "/mnt/var/lib/cloud-instance/authorized_keys.d/claude"

LIMIT = 60
"""Seconds that a stretch may take unless a test says otherwise: what ends much sooner was not ended by its limit."""

SOON = 30
"""Seconds within which happens what waits for nothing, on a machine that is busy with other things too."""

FAST = Pace(
    claim_within=LIMIT,
    ssh_within=LIMIT,
    kexec_within=LIMIT,
    install_within=LIMIT,
    check_within=LIMIT,
    reboot_within=LIMIT,
    last_word=1.5,
    poll_first=0.02,
    poll_longest=0.1,
    connect=0.5,
    handshake=2,
    tick=0.03,
    request_first=0.02,
    request_longest=0.1,
    refused_over=0.2,
    refused_at_first=0.4,
    key_look_within=LIMIT,
    progress_again=0.05,
    progress_last=8,
    last_first=0.02,
    last_longest=0.1,
    stop_grace=0.3,
)
"""The builder's pace, some hundred times faster but for what would end a build that goes well on a slow machine."""


def fresh_key() -> KeyPair:
    """A key pair that nobody has seen before."""
    return Ed25519Identities().key_pair(secrets.token_bytes(32))


class World:
    """A build that goes well, unless a test changes something first."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.control = ControlPlane()
        self.machine = Machine()
        self.programs = Programs(folder / "bin")
        self.temporary = folder / "temporary"
        self.temporary.mkdir()
        self.installed = Installed(folder / "store")
        self.claim_code = f"ccc_claim_{secrets.token_urlsafe(32)}"
        self.order = self._order()
        self.control.order = self.order.as_json()
        self.machine.boot_stock(self.bootstrap, self.order.install_key)
        self.machine.files[AUTHORIZED_KEYS] = f"{self.order.authorized_key}\n".encode()
        self.control.when["reboot"] = self.finish
        self.log = io.StringIO()

    def _order(self) -> BuildOrder:
        self.bootstrap = fresh_key()
        return BuildOrder(
            instance_id=secrets.token_hex(6),
            attempt=2,
            address=ADDRESS,
            ssh_port=self.machine.port,
            bootstrap_host_key=self.bootstrap.public,
            install_key=fresh_key(),
            final_host_key=fresh_key(),
            authorized_key=f"{fresh_key().public} {COMMENT}",
            record={"instanceId": "x", "expiresAt": None},
            deadline=datetime.now(UTC) + timedelta(seconds=2 * LIMIT),  # noqa: TID251 -- the builder's clock is real here
            build_token=f"ccc_build_{secrets.token_urlsafe(32)}",
        )

    def change(self, **values: Any) -> None:
        """Change the order before it is claimed."""
        self.order = replace(self.order, **values)
        self.control.order = self.order.as_json()

    def finish(self) -> None:
        """Reboot the machine into the installed system."""
        self.machine.boot_installed(self.order.final_host_key, self.order.authorized_key)

    @property
    def environment(self) -> dict[str, str]:
        """The environment a job is started with."""
        return {
            "CCC_API_URL": self.control.url,
            "CCC_INSTANCE_ID": self.order.instance_id,
            "CCC_ATTEMPT": str(self.order.attempt),
            "CCC_CLAIM_CODE": self.claim_code,
            **self.installed.variables,
            "PATH": self.programs.path,
            "TMPDIR": str(self.temporary),
        }

    def build(self, pace: Pace = FAST, **more: Any) -> int:
        """Do the job in this process and return its exit code."""
        return work(read({**self.environment, **more}), pace, self.log)

    def start(self, **more: str) -> subprocess.Popen[str]:
        """Start the job as a process of its own, at its real pace."""
        return subprocess.Popen(
            [sys.executable, "-m", "builder"],
            cwd=CHECKOUT,
            env={**self.environment, **more},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def start_with_umask(self, umask: int) -> subprocess.Popen[str]:
        """Start the job as a process with this umask."""
        return subprocess.Popen(
            [sys.executable, "-m", "builder"], cwd=CHECKOUT, env=self.environment, umask=umask, text=True
        )

    @property
    def everything_told(self) -> str:
        """All that left the builder: documents and log."""
        return json.dumps([told.body for told in self.control.told], ensure_ascii=False) + self.log.getvalue()

    def close(self) -> None:
        """End the servers."""
        self.machine.close()
        self.control.close()

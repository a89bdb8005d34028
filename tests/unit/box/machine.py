"""A machine for ccc-box: its record, its state, a clock that stands still, and programs that only keep what was asked.

PATH is one folder: nothing of the host is found there but what the script needs, and nobody is warned or switched off.
"""

from __future__ import annotations

import json
import secrets
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.unit.box.service import NOON

SCRIPT = Path(__file__).resolve().parents[3] / "nix" / "box" / "ccc-box.sh"
NEEDED = ("bash", "curl", "flock", "jq")
_TOOLS = (*NEEDED, "cat", "date", "head", "mkdir", "mktemp", "mv", "ps", "rm", "sync")
_RECORDER = """#!/bin/sh
{{ echo "${{0##*/}} $*"; if [ "${{0##*/}}" = wall ]; then {cat}; fi; }} >>{log}
"""
_CURL = """#!/bin/sh
{{ printf '%s\\0' "$@"; {env} -0; }} >>{seen}
exec {curl} "$@"
"""
INSTANCE_ID = "0123456789ab"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """How a run of ccc-box ended, and what it said."""

    code: int
    out: str
    err: str


@dataclass(slots=True)
class Machine:
    """One machine; `uptime` is in seconds, `now` its own clock in seconds since 1970 (None: the real time)."""

    folder: Path
    uptime: int = 1000
    now: int | None = int(NOON.timestamp())
    token: str = field(default_factory=lambda: "ccc_box_" + secrets.token_urlsafe(32))

    def __post_init__(self) -> None:
        """Make the folders and the programs."""
        self.bin.mkdir(parents=True)
        for name in _TOOLS:
            if found := shutil.which(name):
                (self.bin / name).symlink_to(found)
        for name in ("wall", "systemctl", "poweroff", "sudo", "sleep"):
            self.program(name, _RECORDER.format(cat=shutil.which("cat"), log=self._log))
        real = shutil.which("curl")
        self.program("curl", _CURL.format(env=shutil.which("env"), seen=self.folder / "seen", curl=real))

    @property
    def bin(self) -> Path:
        """The whole PATH."""
        return self.folder / "bin"

    @property
    def state(self) -> Path:
        """What stands for /run/ccc-box."""
        return self.folder / "state"

    @property
    def record(self) -> Path:
        """What stands for instance.json."""
        return self.folder / "instance.json"

    @property
    def learnt_end(self) -> Path:
        """What is kept for the next start, beside the record."""
        return self.folder / "learnt-end"

    def reboot(self, *, uptime: int = 1000) -> None:
        """Lose what was in memory, and be up for so many seconds."""
        shutil.rmtree(self.state)
        self.uptime = uptime

    @property
    def _log(self) -> Path:
        return self.folder / "log"

    def program(self, name: str, text: str) -> None:
        """Put a program on PATH, in place of what had that name."""
        path = self.bin / name
        path.unlink(missing_ok=True)
        path.write_text(text)
        path.chmod(0o755)

    def keep_record(self, url: str, **other: Any) -> None:
        """Write the record as the builder does, with `other` fields."""
        fields = {"instance_id": INSTANCE_ID, "api_url": url, "box_token": self.token, "ipv6_network": None}
        self.record.write_text(json.dumps({**fields, **other}))

    def run(self, *words: str, given: str = "", **more: Any) -> Run:
        """Run ccc-box; `more` goes to the process."""
        (self.folder / "uptime").write_text(f"{self.uptime}.99 12345.67\n")
        environment = {
            "PATH": str(self.bin),
            "CCC_BOX_RECORD": str(self.record),
            "CCC_BOX_STATE": str(self.state),
            "CCC_BOX_UPTIME": str(self.folder / "uptime"),
            **({} if self.now is None else {"CCC_BOX_NOW": str(self.now)}),
        }
        done = subprocess.run(
            [str(self.bin / "bash"), str(SCRIPT), *words],
            env=environment,
            cwd="/",
            input=given,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
            **more,
        )
        return Run(code=done.returncode, out=done.stdout, err=done.stderr)

    def done(self, name: str) -> list[str]:
        """The calls of one of the recording programs, in order; the messages of `wall`."""
        lines = self._log.read_text().splitlines() if self._log.exists() else []
        if name == "wall":
            return [line for line in lines if line.startswith("This machine ends")]
        return [line for line in lines if line.split(" ")[0] == name]

    def curl_was_given(self) -> str:
        """All arguments of curl and its environment, over all calls: what `ps` shows of it."""
        seen = self.folder / "seen"
        return seen.read_text().replace("\0", "\n") if seen.exists() else ""

    def expires_at(self) -> str | None:
        """The end in the state."""
        file = self.state / "expires_at"
        return file.read_text().removesuffix("\n") if file.exists() else None

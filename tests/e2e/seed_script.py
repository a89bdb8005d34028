"""The main job as a person types it, against whatever box it is given: provision, ssh, status, list, extend, end."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from tests.e2e.permission import SERVER_TYPE
from tests.stack.box import CHECKOUT, Box

PROVISION_SECONDS = 1800
"""A real machine takes about five minutes; a second location or a second attempt takes as long again."""


def typed(box: Box, *arguments: str, seconds: float = 300) -> str:
    """What `bin/ccc` writes to stdout when this is typed; it must succeed."""
    given = box.variables()
    done = subprocess.run(
        [str(CHECKOUT / "bin" / "ccc"), *arguments],
        env={**os.environ, "CCC_URL": given["CCC_URL"], "CCC_TOKEN": given["CCC_TOKEN"]},  # noqa: TID251 -- the caller's PATH is the child's
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    assert done.returncode == 0, f"ccc {arguments[0]}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def seed_script(box: Box, key: Path) -> str:
    """Go the whole way with an hour of cpx11; what `claude --version` says there. `key` is the guest's private key."""
    public = key.with_suffix(".pub").read_text(encoding="utf-8").strip()
    order = ("provision", "test@example.com", public, "1", SERVER_TYPE, "--timeout", str(PROVISION_SECONDS))
    lines = typed(box, *order, seconds=PROVISION_SECONDS + 60).splitlines()
    told = dict(line.split(": ", 1) for line in lines if ": " in line)
    instance_id = told["Instance ID"]
    version = _login(told, key, box.home.parent / "known_hosts")
    before = _status(box, instance_id)
    assert before["status"] == "running"
    assert instance_id in typed(box, "list")
    typed(box, "extend", instance_id, "1")
    assert str(_status(box, instance_id)["expires_at"]) > str(before["expires_at"])
    typed(box, "deprovision", instance_id)
    assert _status(box, instance_id)["status"] == "deleted"
    return version


def _status(box: Box, instance_id: str) -> dict[str, object]:
    return dict(json.loads(typed(box, "status", instance_id, "--output", "json")))


def _login(told: dict[str, str], key: Path, known_hosts: Path) -> str:
    """Log in with the command that was told, trusting the host key that was told and no other."""
    known_hosts.write_text(told["Known hosts"] + "\n", encoding="utf-8")
    options = ("BatchMode=yes", "StrictHostKeyChecking=yes", "GlobalKnownHostsFile=/dev/null", "IdentitiesOnly=yes")
    words = [*told["SSH command"].split(), "-i", str(key), "-o", f'UserKnownHostsFile="{known_hosts}"']
    words += [word for option in options for word in ("-o", option)]
    done = subprocess.run(
        [*words, "claude --version"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()

"""The main job as the README has it, typed: types, provision, ssh, status, list, extend, deprovision."""

from __future__ import annotations

import json
import shutil
import subprocess

from tests.missing import without
from tests.stack.box import Box
from tests.stack.conftest import GuestKey


def test_seed_script(box: Box, guest_key: GuestKey) -> None:
    """The seed script passes as typed, and afterwards the provider has no server."""
    types = box.ccc("types")
    assert types.returncode == 0
    assert "cpx11" in types.stdout
    made = box.ccc("provision", "test@example.com", guest_key.public, "1", "cpx11")
    assert made.returncode == 0, made.stderr
    told = dict(line.split(": ", 1) for line in made.stdout.splitlines() if ": " in line)
    instance_id = told["Instance ID"]

    known_hosts = box.home.parent / "known_hosts"
    known_hosts.write_text(told["Known hosts"] + "\n")
    options = [
        "-i",
        str(guest_key.path),
        "-o",
        f'UserKnownHostsFile="{known_hosts}"',
        "-o",
        "GlobalKnownHostsFile=/dev/null",
    ]
    typed = told["SSH command"].split()
    login = subprocess.run(
        [
            *typed,
            *options,
            "-o",
            "StrictHostKeyChecking=yes",
            "-o",
            "BatchMode=yes",
            "claude --version; whoami; hostname",
        ],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert login.returncode == 0, login.stderr
    assert "WARNING" not in login.stderr
    version, whoami, hostname = login.stdout.splitlines()
    assert "Claude Code" in version
    assert "emulated" in version
    assert (whoami, hostname) == ("claude", f"cc-{instance_id}")

    again = box.ccc("ssh", "-i", str(guest_key.path), instance_id, "--", "claude", "--version")
    assert again.returncode == 0, again.stderr
    assert "Claude Code" in again.stdout
    failed = box.ccc("ssh", "-i", str(guest_key.path), instance_id, "--", "exit", "7")
    assert failed.returncode == 7

    status = json.loads(box.ccc("status", instance_id, "--output", "json").stdout)
    assert (status["status"], status["email"]) == ("running", "test@example.com")
    assert instance_id in box.ccc("list").stdout
    before = status["expires_at"]
    assert box.ccc("extend", instance_id, "2").returncode == 0
    after = json.loads(box.ccc("status", instance_id, "--output", "json").stdout)["expires_at"]
    assert after > before

    assert box.ccc("deprovision", instance_id).returncode == 0
    assert box.servers() == []
    assert box.ccc("status", instance_id, "--output", "json").returncode == 0
    subjects = [subject for subject, _ in box.mails()]
    assert [word for subject in subjects for word in ("ready", "lives until", "gone") if word in subject] == [
        "ready",
        "lives until",
        "gone",
    ]


def test_hcloud_sees_the_same(box: Box, guest_key: GuestKey) -> None:
    """Debian's own hcloud client lists the server while it lives, and nothing afterwards."""
    hcloud = shutil.which("hcloud")
    if hcloud is None:
        without("hcloud is not installed (Debian: apt-get install hcloud-cli)")

    def listed() -> list[str]:
        given = box.variables()
        environment = {"HCLOUD_ENDPOINT": given["HCLOUD_ENDPOINT"], "HCLOUD_TOKEN": given["HCLOUD_TOKEN"]}
        command = [hcloud, "server", "list", "-o", "noheader", "-o", "columns=name"]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.split()

    instance_id = box.provision(guest_key.public)
    box.until(instance_id, "running")
    assert listed() == [f"cc-{instance_id}"]
    box.call("DELETE", f"/instances/{instance_id}")
    box.until(instance_id, "deleted")
    assert listed() == []


def test_only_the_guest_gets_in(box: Box, guest_key: GuestKey) -> None:
    """After the install root is refused, and so is anybody without the guest's key."""
    instance_id = box.provision(guest_key.public)
    ip = box.until(instance_id, "running")["ip"]
    command = box.show(instance_id)["ssh_command"].split()[:-1]
    stranger = guest_key.path.with_name("stranger")
    if not stranger.exists():
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(stranger)], check=True)

    def login(user: str, key: str) -> int:
        options = ["-i", key, "-o", "IdentitiesOnly=yes", "-o", "StrictHostKeyChecking=no", "-o", "BatchMode=yes"]
        quiet = ["-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR"]
        return subprocess.run([*command, *options, *quiet, f"{user}@{ip}", "true"], check=False, timeout=120).returncode

    assert login("claude", str(guest_key.path)) == 0
    assert login("root", str(guest_key.path)) == 255
    assert login("claude", str(stranger)) == 255
    box.call("DELETE", f"/instances/{instance_id}")
    box.until(instance_id, "deleted")


def test_same_key_twice_is_one_instance(box: Box, guest_key: GuestKey) -> None:
    """The same request under the same Idempotency-Key is one instance and one server."""
    first = box.provision(guest_key.public, key="the-same-key")
    second = box.provision(guest_key.public, key="the-same-key")
    assert first == second
    box.until(first, "running")
    assert len(box.servers()) == 1
    box.call("DELETE", f"/instances/{first}")
    box.until(first, "deleted")

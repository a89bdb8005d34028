"""The lines of a letter that a shell and OpenSSH read. A test keeps them the same as those of the API."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from chalicelib.domain.instance import Instance
from chalicelib.domain.ssh_key import SshPublicKey

USER = "claude"
USUAL_PORT = 22


@dataclass(frozen=True, slots=True, kw_only=True)
class SshAccess:
    """How to log in: the command, what to expect at the first contact, and what to put where."""

    command: str
    fingerprint: str
    known_hosts: str
    config_block: str


def ssh_access(instance: Instance, port: int) -> SshAccess | None:
    """The way into a machine, or None while there is none."""
    machine, host_key = instance.machine, instance.host_key
    if machine is None or host_key is None:
        return None
    usual = port == USUAL_PORT
    name = machine.ip if usual else f"[{machine.ip}]:{port}"
    block = [f"Host {instance.name}", f"    HostName {machine.ip}", f"    User {USER}"]
    return SshAccess(
        command=f"ssh {USER}@{machine.ip}" if usual else f"ssh -p {port} {USER}@{machine.ip}",
        fingerprint=_fingerprint(host_key),
        known_hosts=f"{name} {host_key}",
        config_block="\n".join(block if usual else [*block, f"    Port {port}"]),
    )


def _fingerprint(host_key: str) -> str:
    """As ssh shows it; what is stored is not judged again."""
    kind, blob = host_key.split()[:2]
    return SshPublicKey(type=kind, blob=base64.b64decode(blob)).fingerprint

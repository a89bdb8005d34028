"""How a guest reaches the machine, as lines that a shell and OpenSSH can read: one form for the API and for mails."""

from __future__ import annotations

import base64

from chalicelib.domain.ssh_key import SshPublicKey

USER = "claude"
USUAL_PORT = 22


def ssh_command(ip: str, port: int) -> str:
    """`ssh claude@IP`, with `-p` where the port is not 22."""
    return f"ssh {USER}@{ip}" if port == USUAL_PORT else f"ssh -p {port} {USER}@{ip}"


def known_hosts_line(ip: str, port: int, host_key: str) -> str:
    """The line of sshd(8)'s known_hosts; `host_key` is `ssh-ed25519 base64`."""
    name = ip if port == USUAL_PORT else f"[{ip}]:{port}"
    return f"{name} {host_key}"


def fingerprint(host_key: str) -> str:
    """`SHA256:…` of a host key, as ssh shows it at the first contact; what is stored is not judged again."""
    kind, blob = host_key.split()[:2]
    return SshPublicKey(type=kind, blob=base64.b64decode(blob)).fingerprint


def config_block(name: str, ip: str, port: int) -> str:
    """The block of ssh_config(5) with which `ssh NAME` is enough."""
    lines = [f"Host {name}", f"    HostName {ip}", f"    User {USER}"]
    return "\n".join(lines if port == USUAL_PORT else [*lines, f"    Port {port}"])

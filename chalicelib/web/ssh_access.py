"""The lines of a letter that a shell and OpenSSH read, gathered for its template."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.domain.instance import Instance
from chalicelib.domain.ssh_access import config_block, fingerprint, known_hosts_line, ssh_command


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
    return SshAccess(
        command=ssh_command(machine.ip, port),
        fingerprint=fingerprint(host_key),
        known_hosts=known_hosts_line(machine.ip, port, host_key),
        config_block=config_block(instance.name, machine.ip, port),
    )

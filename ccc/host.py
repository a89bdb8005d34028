"""How ssh reaches a machine: address, port and user from the instance object, the host key in a file of ours.

The service's `ssh_command` is read strictly (`ssh [-p PORT] USER@ADDRESS`): nothing in it may become an option of
ssh. The user's own known_hosts is never touched.
"""

from __future__ import annotations

import ipaddress
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from ccc.errors import BadAnswer, Conflicted, WrongUse
from ccc.instance import ENDING, OVER, Instance
from ccc.pinned_key import pinned_key
from ccc.private_file import write_private

USER = re.compile(r"[a-z_][a-z0-9_-]{0,31}")
KNOWN_HOSTS = re.compile(r"[!-~]+ ssh-ed25519 [A-Za-z0-9+/]+={0,2}(?: [ -~]*)?")
HIGHEST_PORT = 65535


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """Where a machine's sshd listens, and the file that holds its key."""

    name: str
    user: str
    address: str
    port: int
    known_hosts: Path

    def options(self) -> dict[str, str]:
        """Return the ssh options that pin the key (ssh_config(5))."""
        return {
            "UserKnownHostsFile": _quoted(self.known_hosts),
            "GlobalKnownHostsFile": "/dev/null",
            "StrictHostKeyChecking": "yes",
            "UpdateHostKeys": "no",
            "HostKeyAlgorithms": "ssh-ed25519",
        }


def host_of(instance: Instance, folder: Path) -> Host:
    """Return how to reach a running machine, its host key written into `folder`; raises Conflicted without ssh."""
    if instance.status != "running" or not (instance.ssh_command and instance.known_hosts):
        raise _without_ssh(instance)
    user, address, port = target_of(instance.ssh_command)
    path = pinned_key(folder, instance.id)
    _pin(path, instance.known_hosts)
    return Host(name=f"cc-{instance.id}", user=user, address=address, port=port, known_hosts=path)


def _without_ssh(instance: Instance) -> Conflicted:
    if instance.status in ENDING | OVER:
        how = "it failed" if instance.status == "failed" else f"it is {instance.status}"
        return Conflicted(f"Instance {instance.id} is gone: {how}.", next_command="ccc provision EMAIL SSH_KEY")
    return Conflicted(
        f"Instance {instance.id} has no ssh at the moment: it is {instance.status}.",
        next_command=f"ccc wait {instance.id}",
    )


def target_of(ssh_command: str) -> tuple[str, str, int]:
    """Return user, address and port of `ssh [-p PORT] USER@ADDRESS`; raises BadAnswer for anything else."""
    try:
        program, *options, target = shlex.split(ssh_command)
        port = _port(options)
        user, _, address = target.partition("@")
        usable = program == "ssh" and USER.fullmatch(user) is not None
        ipaddress.ip_address(address)
    except ValueError:
        usable = False
    if not usable:
        raise BadAnswer("The service named an ssh command of an unknown form; it was not run.")
    return user, address, port


def _port(options: list[str]) -> int:
    if not options:
        return 22
    flag, number = options
    if flag != "-p" or not (number.isascii() and number.isdigit() and 0 < int(number) <= HIGHEST_PORT):
        raise ValueError(number)
    return int(number)


def _pin(path: Path, line: str) -> None:
    if not KNOWN_HOSTS.fullmatch(line.strip()):
        raise BadAnswer("The service named a host key of an unknown form; nothing was run.")
    try:
        write_private(path, line.strip() + "\n")
    except OSError as error:
        raise WrongUse(f"{path} cannot be written: {error.strerror or error}.") from error


def _quoted(path: Path) -> str:
    """Return the path as one word of ssh's configuration language: quoted, and `%` doubled."""
    return '"' + str(path).replace("%", "%%") + '"'

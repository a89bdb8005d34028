"""The one line of OpenSSH's known_hosts that a build trusts."""

from __future__ import annotations

_DEFAULT_PORT = 22


def known_hosts_line(address: str, port: int, public_key: str) -> str:
    """The line for a host key `type base64`; OpenSSH writes a port other than 22 as `[address]:port` (sshd(8))."""
    host = address if port == _DEFAULT_PORT else f"[{address}]:{port}"
    return f"{host} {public_key}\n"

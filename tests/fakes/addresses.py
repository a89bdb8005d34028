"""Addresses for servers that exist nowhere, from the networks set aside for benchmarks and documentation."""

from __future__ import annotations

from ipaddress import IPv4Address

_FIRST = IPv4Address("198.18.0.1")


class Addresses:
    """One IPv4 address and one IPv6 network a server; what comes back last is given out first, as at Hetzner."""

    def __init__(self) -> None:
        self._used = 0
        self._back: list[str] = []

    def take(self, server_id: int) -> tuple[str, str]:
        """An address that nobody has, and a network made of the id."""
        network = f"2001:db8:{server_id >> 16 & 0xFFFF:x}:{server_id & 0xFFFF:x}::/64"
        if self._back:
            return self._back.pop(), network
        self._used += 1
        return str(_FIRST + self._used - 1), network

    def give_back(self, ip: str) -> None:
        """Let an address be taken again."""
        self._back.append(ip)

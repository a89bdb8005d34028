"""Machines that answer with a host key because a test says so: the fake of `Probe`."""

from __future__ import annotations


class ScriptedProbe:
    """Knows the host key of each address that answers; all others are silent."""

    def __init__(self, host_keys: dict[str, str] | None = None) -> None:
        self.host_keys = dict(host_keys or {})
        self.looked_at: list[str] = []
        self._errors: list[Exception] = []

    def fail_next(self, error: Exception) -> None:
        """Let the next look raise this."""
        self._errors.append(error)

    def answer(self, address: str, host_key: str | None) -> None:
        """Let an address answer with this key, or fall silent."""
        if host_key is None:
            self.host_keys.pop(address, None)
        else:
            self.host_keys[address] = host_key

    def host_key(self, address: str) -> str | None:
        """The key that a test gave the address, or None."""
        self.looked_at.append(address)
        if self._errors:
            raise self._errors.pop(0)
        return self.host_keys.get(address)

"""What looks at a machine from where the control plane stands."""

from __future__ import annotations

from typing import Protocol


class Probe(Protocol):
    """The look at a machine's SSH host key from where the control plane stands."""

    def host_key(self, address: str) -> str | None:
        """The ed25519 host key `type base64` that answers at the address, or None when nothing does in time."""

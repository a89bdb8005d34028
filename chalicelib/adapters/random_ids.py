"""Ids from the operating system's source of chance."""

from __future__ import annotations

import secrets


class RandomIds:
    """128 bits of chance as 32 hex digits."""

    def new(self) -> str:
        """A new id."""
        return secrets.token_hex(16)

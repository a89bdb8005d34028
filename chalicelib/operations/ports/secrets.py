"""The secrets of the stack, and the keys that are derived from them."""

from __future__ import annotations

from typing import Protocol

from chalicelib.domain.build import KeyPair


class Keyring(Protocol):
    """The secrets of the stack. StoreUnavailable when they cannot be read."""

    def newest(self) -> str:
        """The id of the secret that new rows are made with."""

    def secret(self, secret_id: str) -> bytes:
        """A stack secret by its id; NotFound when it has been thrown away."""

    def pepper(self) -> bytes:
        """The pepper, which never rotates."""

    def operators(self) -> frozenset[str]:
        """SHA-256 digests (hex) of the tokens that operators hold."""


class Identities(Protocol):
    """The maker of ed25519 keys out of seeds: the same seed gives the same key."""

    def key_pair(self, seed: bytes) -> KeyPair:
        """The key of a 32-byte seed; the private half in OpenSSH's file format, the public half `type base64`."""

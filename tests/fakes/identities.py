"""Keys that look like keys and are none: the fake of `Identities`, which needs no cryptography and no time."""

from __future__ import annotations

import base64
import hashlib

from chalicelib.domain.build import KeyPair

_SEED_BYTES = 32
_BLOB_BEGINS = b"\0\0\0\x0bssh-ed25519\0\0\0\x20"


class HashedIdentities:
    """Derives a public half from the seed's hash; nothing opens with it, but the same seed gives the same pair."""

    def __init__(self) -> None:
        self._errors: list[Exception] = []

    def fail_next(self, error: Exception) -> None:
        """Let the next call raise this."""
        self._errors.append(error)

    def key_pair(self, seed: bytes) -> KeyPair:
        """The pair of a 32-byte seed; ValueError for a seed of another length."""
        if self._errors:
            raise self._errors.pop(0)
        if len(seed) != _SEED_BYTES:
            raise ValueError("the seed of an ed25519 key has 32 bytes")
        point = hashlib.sha256(b"public" + seed).digest()
        private = base64.b64encode(hashlib.sha512(b"private" + seed).digest()[:48]).decode()
        return KeyPair(
            private=f"-----BEGIN OPENSSH PRIVATE KEY-----\n{private}\n-----END OPENSSH PRIVATE KEY-----\n",
            public=f"ssh-ed25519 {base64.b64encode(_BLOB_BEGINS + point).decode()}",
        )

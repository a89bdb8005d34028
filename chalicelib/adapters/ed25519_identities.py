"""Ed25519 keys out of seeds, written as OpenSSH writes them.

The private file is composed here and not by the library, which puts a random number into it: the same seed must give
the same text, so that a repeated create or rebuild sends the same user_data.
"""

from __future__ import annotations

import base64
import hashlib
import textwrap

from chalicelib.domain.build import KeyPair

_TYPE = b"ssh-ed25519"
_SEED_BYTES = 32
_BLOCK = 8
_COLUMNS = 70


class Ed25519Identities:
    """The Identities port by means of the cryptography library, which is loaded at the first key."""

    def key_pair(self, seed: bytes) -> KeyPair:
        """The key of a 32-byte seed (RFC 8032); ValueError for a seed of another length."""
        if len(seed) != _SEED_BYTES:
            raise ValueError("the seed of an ed25519 key has 32 bytes")
        from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415 -- slow to load, rarely needed
            Ed25519PrivateKey,
        )

        public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
        blob = _string(_TYPE) + _string(public)
        return KeyPair(private=_private_file(seed, public, blob), public=f"{_TYPE.decode()} {_base64(blob)}")


def _private_file(seed: bytes, public: bytes, blob: bytes) -> str:
    """OpenSSH's unencrypted private key file (PROTOCOL.key in its sources), without a comment."""
    check = hashlib.sha256(b"check|" + public).digest()[:4]
    secret = check + check + blob + _string(seed + public) + _string(b"")
    padding = bytes(range(1, 1 + -len(secret) % _BLOCK))
    content = b"openssh-key-v1\0" + _string(b"none") * 2 + _string(b"") + (1).to_bytes(4, "big")
    content += _string(blob) + _string(secret + padding)
    lines = textwrap.wrap(_base64(content), _COLUMNS)
    return "\n".join(["-----BEGIN OPENSSH PRIVATE KEY-----", *lines, "-----END OPENSSH PRIVATE KEY-----", ""])


def _string(content: bytes) -> bytes:
    """A string of the SSH protocol: four bytes of length, then the content (RFC 4251, section 5)."""
    return len(content).to_bytes(4, "big") + content


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()

"""Tokens that are derived and never stored: `ccc_<purpose>_` + base64url(HMAC-SHA256(secret, purpose|instance|serial)).

A repeated step gives the same token, so a mail can be sent again with the same link and a crash loses nothing. The
prefix lets secret scanners find a leaked one. Whoever compares must do it with `matches` (constant time).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from enum import StrEnum


class Purpose(StrEnum):
    """What a token opens."""

    MANAGE = "manage"
    CONFIRM = "confirm"
    BOX = "box"
    CLAIM = "claim"
    BUILD = "build"
    OPERATOR = "operator"


class KeyUse(StrEnum):
    """What a derived ed25519 seed is for."""

    INSTALL = "install-key"
    BOOTSTRAP_HOST = "host-key-1"
    FINAL_HOST = "host-key-2"


def _mac(secret: bytes, *parts: str) -> bytes:
    return hmac.new(secret, "|".join(parts).encode(), hashlib.sha256).digest()


def token(secret: bytes, purpose: Purpose, instance_id: str, serial: int) -> str:
    """The token of one purpose for one instance; `serial` is the manage serial or the attempt number, else 0."""
    proof = base64.urlsafe_b64encode(_mac(secret, purpose, instance_id, str(serial))).rstrip(b"=")
    return f"ccc_{purpose}_{proof.decode()}"


def matches(given: str, wanted: str) -> bool:
    """Whether two tokens are the same, in a time that does not tell how much of them is."""
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), wanted.encode())


def digest(value: str) -> str:
    """The SHA-256 of an operator token, in hex: what is kept instead of the token."""
    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()


def seed(secret: bytes, use: KeyUse, instance_id: str) -> bytes:
    """The 32-byte seed of an ed25519 key of one instance."""
    return _mac(secret, "seed", use, instance_id)


def instance_id_for(pepper: bytes, idempotency_key: str, caller: str) -> str:
    """The id an Idempotency-Key leads to: 12 lower-case hex digits, the same for the same key and caller."""
    return _mac(pepper, "id", idempotency_key, caller).hex()[:12]


def guest_id_for(pepper: bytes, idempotency_key: str, address: str) -> str:
    """The same for a signup of a stranger: no key of theirs ever leads to an instance that an operator ordered."""
    return _mac(pepper, "guest-id", idempotency_key, address).hex()[:12]


def retry_id_for(pepper: bytes, instance_id: str) -> str:
    """The id of the instance that takes the place of a failed one: the same however often it is asked for."""
    return _mac(pepper, "retry", instance_id).hex()[:12]


def source_key(pepper: bytes, source: str) -> str:
    """The key under which requests of one source are counted: no address can be read back from it."""
    return _mac(pepper, "source", source).hex()[:32]


def owner_key(pepper: bytes, quota_form: str) -> str:
    """The key under which an address is counted: no address can be read back from it."""
    return _mac(pepper, "owner", quota_form).hex()[:32]

"""Which binary SSH public keys are sound: the part of a key line that is written in base64.

Decides by exact fields (RFC 4253 section 6.6, RFC 5656 section 3.1, RFC 8709 section 4, OpenSSH's
PROTOCOL.u2f) and by the arithmetic in `chalicelib.domain.curves`. It must not know lines, comments or
base64; `ssh_key` does. What is measured about the tools: ssh-keygen lists keys with e = 1 or an even
modulus, and every library takes a small-order ed25519 point. Nobody could log in with those, or everybody
could.
"""

from __future__ import annotations

from typing import Final

from chalicelib.domain.curves import NISTP256, NISTP384, NISTP521, is_ed25519_public
from chalicelib.domain.errors import InvalidInput

FIELD: Final = "ssh_public_key"
"""The input field every refusal is told under."""

ED25519: Final = "ssh-ed25519"
SK_ED25519: Final = "sk-ssh-ed25519@openssh.com"
SK_ECDSA: Final = "sk-ecdsa-sha2-nistp256@openssh.com"
RSA: Final = "ssh-rsa"
ECDSA: Final = {
    "ecdsa-sha2-nistp256": NISTP256,
    "ecdsa-sha2-nistp384": NISTP384,
    "ecdsa-sha2-nistp521": NISTP521,
}
TYPES: Final = frozenset({ED25519, SK_ED25519, SK_ECDSA, RSA, *ECDSA})
"""The key types a machine may be opened with; certificates and DSA are not among them."""

RSA_BITS: Final = range(3072, 8192 + 1)
MIN_EXPONENT: Final = 65537
MAX_EXPONENT_BITS: Final = 64
"""OPENSSL_RSA_MAX_PUBEXP_BITS: with a longer one and over 3072 bits of modulus, OpenSSL verifies nothing."""
MAX_APPLICATION_BYTES: Final = 255

_LENGTH_BYTES = 4


def refusal(why: str) -> InvalidInput:
    """Make the error for a key that is not taken; `why` is for a person and never repeats the input."""
    return InvalidInput({FIELD: why})


def check_blob(key_type: str, blob: bytes) -> None:
    """Raise `InvalidInput` unless `blob` is one sound key of type `key_type`, to the last byte."""
    inner, *rest = _fields(blob)
    if inner != key_type.encode():
        raise refusal("the type in front of the key is not the type inside it; copy the whole line again")
    match key_type, rest:
        case "ssh-ed25519", [point]:
            _check_ed25519(point)
        case "ssh-rsa", [exponent, modulus]:
            _check_rsa(_natural(exponent), _natural(modulus))
        case "sk-ssh-ed25519@openssh.com", [point, application]:
            _check_ed25519(point)
            _check_application(application)
        case "sk-ecdsa-sha2-nistp256@openssh.com", [curve, point, application]:
            _check_ecdsa("ecdsa-sha2-nistp256", curve, point)
            _check_application(application)
        case _, [curve, point] if key_type in ECDSA:
            _check_ecdsa(key_type, curve, point)
        case _:
            raise refusal("the key does not have the parts its type asks for; copy the whole line again")


def _fields(blob: bytes) -> list[bytes]:
    """Split a blob into its length-prefixed fields; none may be cut short, and nothing may be left over."""
    fields: list[bytes] = []
    at = 0
    while at < len(blob) or not fields:
        start = at + _LENGTH_BYTES
        at = start + int.from_bytes(blob[at:start], "big")
        if at > len(blob):
            raise refusal("the key is cut short or has something behind it; copy the whole line again")
        fields.append(blob[start:at])
    return fields


def _natural(field: bytes) -> int:
    """Read a positive number in its only shortest form (RFC 4251, section 5, mpint)."""
    number = int.from_bytes(field, "big", signed=True)
    if number <= 0 or len(field) != number.bit_length() // 8 + 1:
        raise refusal("a number in this RSA key is negative or has zeros in front; make a new key")
    return number


def _check_rsa(exponent: int, modulus: int) -> None:
    if modulus.bit_length() not in RSA_BITS:
        raise refusal(
            f"an RSA key must have {RSA_BITS[0]} to {RSA_BITS[-1]} bits, this one has {modulus.bit_length()};"
            " an ed25519 key (ssh-keygen -t ed25519) is shorter and just as good"
        )
    if modulus % 2 == 0:
        raise refusal("the modulus of this RSA key is even, so it protects nothing; make a new key")
    if exponent % 2 == 0 or exponent < MIN_EXPONENT or exponent.bit_length() > MAX_EXPONENT_BITS:
        raise refusal(f"the exponent of this RSA key is even, below {MIN_EXPONENT} or huge; make a new key")


def _check_ed25519(point: bytes) -> None:
    if not is_ed25519_public(point):
        raise refusal("this is not a sound ed25519 key; copy the whole line again or make a new key")


def _check_ecdsa(key_type: str, curve: bytes, point: bytes) -> None:
    if curve != key_type.removeprefix("ecdsa-sha2-").encode():
        raise refusal("the curve inside the key is not the one its type names; copy the whole line again")
    if not ECDSA[key_type].holds(point):
        raise refusal("this is not a sound point of its curve; copy the whole line again or make a new key")


def _check_application(application: bytes) -> None:
    """Check the security key's application, usually `ssh:`: printable ASCII without spaces."""
    printable = all(0x21 <= byte <= 0x7E for byte in application)  # noqa: PLR2004 -- "!" to "~" in ASCII
    if not printable or not 1 <= len(application) <= MAX_APPLICATION_BYTES:
        raise refusal("the application inside this security key is not plain text; make a new key")

"""Good and bad SSH keys: made at run time and framed by hand, so that any part can be wrong on purpose."""

from __future__ import annotations

import base64

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

SK_ED25519 = "sk-ssh-ed25519@openssh.com"
SK_ECDSA = "sk-ecdsa-sha2-nistp256@openssh.com"
CURVES: dict[str, ec.EllipticCurve] = {
    "nistp256": ec.SECP256R1(),
    "nistp384": ec.SECP384R1(),
    "nistp521": ec.SECP521R1(),
}


def string(field: bytes) -> bytes:
    """Frame one field with its length."""
    return len(field).to_bytes(4, "big") + field


def mpint(number: int) -> bytes:
    """Frame a number in its shortest two's complement form."""
    return string(number.to_bytes(number.bit_length() // 8 + 1, "big", signed=True) if number else b"")


def blob(key_type: str, *fields: bytes) -> bytes:
    """Put framed fields behind the framed type word."""
    return string(key_type.encode()) + b"".join(fields)


def line(key_type: str, data: bytes, comment: str = "") -> str:
    """Write the line of a key file, without its end."""
    return f"{key_type} {base64.b64encode(data).decode()}" + (f" {comment}" if comment else "")


def rsa_line(exponent: int, modulus: int) -> str:
    """Write an RSA key of any two numbers."""
    return line("ssh-rsa", blob("ssh-rsa", mpint(exponent), mpint(modulus)))


def ed25519_line(raw: bytes) -> str:
    """Write an ed25519 key of any bytes."""
    return line("ssh-ed25519", blob("ssh-ed25519", string(raw)))


def ecdsa_line(curve: str, point: bytes, *, named: str = "") -> str:
    """Write an ECDSA key of any bytes; `named` is the curve written inside, where it is another one."""
    key_type = f"ecdsa-sha2-{curve}"
    return line(key_type, blob(key_type, string((named or curve).encode()), string(point)))


def ed25519_point() -> bytes:
    """Make the 32 bytes of a fresh ed25519 public key."""
    return ed25519.Ed25519PrivateKey.generate().public_key().public_bytes_raw()


def curve_point(curve: str) -> bytes:
    """Make the uncompressed point of a fresh key on a NIST curve."""
    key = ec.generate_private_key(CURVES[curve]).public_key()
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def fresh_lines() -> dict[str, str]:
    """Make one good line of every accepted type, by type."""
    numbers = rsa.generate_private_key(65537, 3072).public_key().public_numbers()
    lines = [
        ed25519_line(ed25519_point()),
        rsa_line(numbers.e, numbers.n),
        *(ecdsa_line(curve, curve_point(curve)) for curve in CURVES),
        line(SK_ED25519, blob(SK_ED25519, string(ed25519_point()), string(b"ssh:"))),
        line(SK_ECDSA, blob(SK_ECDSA, string(b"nistp256"), string(curve_point("nistp256")), string(b"ssh:"))),
    ]
    return {text.split()[0]: text for text in lines}

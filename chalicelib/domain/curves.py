"""Which bytes are a sound public point on the four curves SSH keys use.

Decides membership only: nothing here signs, verifies or keeps a secret, so nothing needs constant time. It
must not know how an SSH key is framed; `chalicelib.domain.ssh_blob` does. The NIST numbers are those of SP
800-186 (section 3.2.1), the Edwards ones of RFC 8032 (section 5.1).
"""

from __future__ import annotations

from dataclasses import dataclass

_UNCOMPRESSED = 4
"""First byte of a SEC 1 point that spells out both coordinates (SEC 1, section 2.3.3)."""

_ED_PRIME = 2**255 - 19
_ED_D = -121665 * pow(121666, -1, _ED_PRIME) % _ED_PRIME
_ED_SQRT_MINUS_ONE = pow(2, (_ED_PRIME - 1) // 4, _ED_PRIME)
_ED_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class PrimeCurve:
    """A curve y² = x³ - 3x + b over the integers modulo `prime`, whose group has the prime `order`."""

    prime: int
    b: int
    order: int

    @property
    def width(self) -> int:
        """Bytes of one coordinate."""
        return (self.prime.bit_length() + 7) // 8

    def holds(self, point: bytes) -> bool:
        """Tell whether `point` (4, x, y; both of full width) is one that OpenSSH takes for a public key.

        OpenSSH asks more than membership (`sshkey_ec_validate_public` in its sshkey.c): both coordinates
        must be longer than half the order and below the order less one. The order is prime, so no small
        subgroup exists.
        """
        if len(point) != 1 + 2 * self.width or point[0] != _UNCOMPRESSED:
            return False
        x = int.from_bytes(point[1 : 1 + self.width], "big")
        y = int.from_bytes(point[1 + self.width :], "big")
        return self._sound(x) and self._sound(y) and self._solves(x, y)

    def _sound(self, coordinate: int) -> bool:
        long_enough = coordinate.bit_length() > self.order.bit_length() // 2
        return long_enough and coordinate < min(self.prime, self.order - 1)

    def _solves(self, x: int, y: int) -> bool:
        return (y * y - (x * x * x - 3 * x + self.b)) % self.prime == 0


def _number(*lines: str) -> int:
    """Read a long hexadecimal number that is written over several lines."""
    return int("".join(lines), 16)


NISTP256 = PrimeCurve(
    prime=2**256 - 2**224 + 2**192 + 2**96 - 1,
    b=_number("5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b"),
    order=_number("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"),
)
NISTP384 = PrimeCurve(
    prime=2**384 - 2**128 - 2**96 + 2**32 - 1,
    b=_number(
        "b3312fa7e23ee7e4988e056be3f82d19181d9c6efe814112",
        "0314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef",
    ),
    order=_number(
        "ffffffffffffffffffffffffffffffffffffffffffffffff",
        "c7634d81f4372ddf581a0db248b0a77aecec196accc52973",
    ),
)
NISTP521 = PrimeCurve(
    prime=2**521 - 1,
    b=_number(
        "51953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e1",
        "56193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00",
    ),
    order=_number(
        "01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "fa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409",
    ),
)


def is_ed25519_public(raw: bytes) -> bool:
    """Tell whether these 32 bytes are a point of edwards25519 that is not one of the eight of small order.

    A small-order key verifies signatures nobody made; neither ssh-keygen nor the usual libraries refuse
    one. The y must be below the prime (RFC 8032, section 5.1.3). The sign of x needs no look: it can be
    wrong only where x is 0, and both those points are of small order.
    """
    if len(raw) != _ED_BYTES:
        return False
    y = int.from_bytes(raw, "little") & (2**255 - 1)
    if y >= _ED_PRIME:
        return False
    x = _ed_x(y)
    return x is not None and not _has_small_order(x, y)


def _ed_x(y: int) -> int | None:
    """Return one of the two x that go with y, or None where there is none."""
    square = (y * y - 1) * pow(_ED_D * y * y + 1, -1, _ED_PRIME) % _ED_PRIME
    root = pow(square, (_ED_PRIME + 3) // 8, _ED_PRIME)
    for x in (root, root * _ED_SQRT_MINUS_ONE % _ED_PRIME):
        if x * x % _ED_PRIME == square:
            return x
    return None


def _has_small_order(x: int, y: int) -> bool:
    """Tell whether eight times the point is the neutral element (0, 1); the sign of x makes no difference."""
    for _ in range(3):
        x, y = _ed_double(x, y)
    return (x, y) == (0, 1)


def _ed_double(x: int, y: int) -> tuple[int, int]:
    """Add the point to itself; the formula is complete, no divisor is zero (RFC 8032, section 5.1.4)."""
    product = _ED_D * x * x * y * y
    doubled_x = 2 * x * y * pow(1 + product, -1, _ED_PRIME)
    doubled_y = (y * y + x * x) * pow(1 - product, -1, _ED_PRIME)
    return doubled_x % _ED_PRIME, doubled_y % _ED_PRIME

"""The arithmetic behind SSH keys against a library that knows the same curves."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.curves import NISTP256, NISTP384, NISTP521, PrimeCurve, is_ed25519_public
from tests.unit.domain import ssh_wire

CURVES = {"nistp256": NISTP256, "nistp384": NISTP384, "nistp521": NISTP521}


@pytest.mark.parametrize("name", sorted(CURVES))
def test_orders_are_the_librarys(name: str) -> None:
    """The order we know is the one of the curve: the library takes the number below it as a secret, and not it."""
    curve, order = ssh_wire.CURVES[name], CURVES[name].order
    assert ec.derive_private_key(order - 1, curve).key_size == CURVES[name].prime.bit_length()
    with pytest.raises(ValueError, match=r"(?i)private|invalid"):
        ec.derive_private_key(order, curve)


@pytest.mark.parametrize("name", sorted(CURVES))
def test_fresh_points_are_held(name: str) -> None:
    """Every point of a fresh key is held by its curve and by no other."""
    for _ in range(20):
        point = ssh_wire.curve_point(name)
        assert [other for other, curve in CURVES.items() if curve.holds(point)] == [name]


@pytest.mark.parametrize("name", sorted(CURVES))
@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_a_moved_point_is_not_held(name: str, data: st.DataObject) -> None:
    """A fresh point with another y (but for its negative) is not held."""
    curve: PrimeCurve = CURVES[name]
    point = ssh_wire.curve_point(name)
    half = curve.width + 1
    y = int.from_bytes(point[half:], "big")
    other = data.draw(st.integers(0, 2 ** (8 * curve.width) - 1).filter(lambda value: value != y))
    moved = point[:half] + other.to_bytes(curve.width, "big")
    assert curve.holds(moved) is (other == curve.prime - y)


def test_fresh_ed25519_keys_are_public_keys() -> None:
    """The public half of every fresh ed25519 key is taken."""
    assert all(is_ed25519_public(ssh_wire.ed25519_point()) for _ in range(50))


@settings(max_examples=100, deadline=None)
@given(y=st.integers(2, 2**255 - 20), sign=st.booleans())
def test_half_of_all_y_are_points(y: int, *, sign: bool) -> None:
    """A y is taken exactly if Euler's criterion finds an x for it, whatever the sign says."""
    prime = 2**255 - 19
    d = -121665 * pow(121666, -1, prime)
    square = (y * y - 1) * pow(d * y * y + 1, -1, prime)
    has_x = pow(square, (prime - 1) // 2, prime) == 1
    assert is_ed25519_public((y | sign << 255).to_bytes(32, "little")) is has_x

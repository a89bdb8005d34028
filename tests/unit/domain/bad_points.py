"""Points that no sound key has: of small order on Ed25519, and off or badly written on the NIST curves."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from _pytest.mark import ParameterSet

from tests.unit.domain import ssh_wire

SMALL_ORDER = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
]
"""The points of order 1, 2, 4, 4, 8, 8, 8 and 8."""


def ecdsa_mistakes() -> Iterator[ParameterSet]:
    """Yield bad points on each curve."""
    for curve in ssh_wire.CURVES:
        good = ssh_wire.curve_point(curve)
        half = len(good) // 2
        x, y = good[1 : half + 1], good[half + 1 :]
        parity = bytes([2 + y[-1] % 2])
        off = bytes([y[-1] ^ 1])
        bad = {
            "infinity": b"\0",
            "empty": b"",
            "off curve": good[:-1] + off,
            "compressed": parity + x,
            "hybrid": bytes([6 + y[-1] % 2]) + x + y,
            "short": good[:-1],
            "long": good + b"\0",
            "zero": b"\4" + bytes(2 * half),
            "above the prime": b"\4" + b"\xff" * (2 * half),
        }
        for name, point in bad.items():
            yield pytest.param(curve, point, id=f"{curve} {name}")

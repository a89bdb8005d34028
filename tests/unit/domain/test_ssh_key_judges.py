"""The parser of SSH public keys against ssh-keygen and the cryptography library: it takes only what both take."""

from __future__ import annotations

import base64
import subprocess
from typing import AnyStr

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_ssh_public_key
from hypothesis import HealthCheck, currently_in_test_context, event, given, settings
from hypothesis import strategies as st

from chalicelib.domain.curves import NISTP256
from chalicelib.domain.errors import InvalidInput
from chalicelib.domain.ssh_blob import TYPES
from chalicelib.domain.ssh_key import SshPublicKey
from tests.unit.domain import ssh_wire

KEY_TYPES = st.sampled_from(sorted(TYPES))
BYTES = st.binary(max_size=6)
CHARACTERS = st.sampled_from(" \t\n\r\v\0=+/-_AZaz09,\"'#@:\u2028\u202e\ufeffé\U0001f680") | st.characters()
POSITIONS = st.floats(0, 1, exclude_max=True)
"""Where to strike, as a share of the whole, so that one number fits keys of every length."""
FUZZ = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(scope="module")
def lines() -> dict[str, str]:
    """One good line of every accepted type."""
    return ssh_wire.fresh_lines()


def keygen_fingerprint(text: str) -> str | None:
    """Return what `ssh-keygen -l` says of a key file of this content, or None when it refuses."""
    run = subprocess.run(["ssh-keygen", "-l", "-f", "-"], input=text.encode(), capture_output=True, check=False)
    return run.stdout.split()[1].decode() if run.returncode == 0 else None


def loads_in_cryptography(text: str) -> bool:
    """Tell whether the library loads the line; what it makes of a security key is not asked."""
    try:
        load_ssh_public_key(text.encode())
    except (ValueError, UnsupportedAlgorithm, NotImplementedError):
        return False
    return True


def parsed(text: str) -> SshPublicKey | None:
    """Return the key, or None when the text is refused; any other error fails the test."""
    try:
        return SshPublicKey.parse(text)
    except InvalidInput:
        return None


def agree_if_taken(text: str) -> None:
    """Where the parser takes a text, both judges must take it, and the line that is written in its place.

    Blanks in front are taken off before: the library does not skip them, the parser and ssh-keygen do.
    """
    key = parsed(text)
    if currently_in_test_context():
        event("taken" if key else "refused")  # seen with --hypothesis-show-statistics
    if key is None:
        return
    for taken in (text.lstrip(" \t"), key.line("cc-0")):
        assert keygen_fingerprint(taken) == key.fingerprint
        assert key.type.startswith("sk-") or loads_in_cryptography(taken)


def spliced(whole: AnyStr, position: float, length: int, put: AnyStr) -> AnyStr:
    """Replace `length` elements at a share of the whole."""
    at = int(position * (len(whole) + 1))
    return whole[:at] + put + whole[at + length :]


@pytest.mark.parametrize("key_type", sorted(TYPES))
def test_judges_take_good_keys(lines: dict[str, str], key_type: str) -> None:
    """The judges and the parser all take an unharmed key of every type, so a fuzz that refuses all would show."""
    assert parsed(lines[key_type]) is not None
    agree_if_taken(lines[key_type])


@FUZZ
@given(key_type=KEY_TYPES, position=POSITIONS, length=st.integers(0, 5), put=st.text(CHARACTERS, max_size=3))
def test_harmed_lines(lines: dict[str, str], key_type: str, position: float, length: int, put: str) -> None:
    """No line with characters put in, taken out or replaced is taken unless both judges take it."""
    agree_if_taken(spliced(f"{lines[key_type]} me@laptop", position, length, put))


@FUZZ
@given(key_type=KEY_TYPES, position=POSITIONS, length=st.integers(0, 5), put=BYTES)
def test_harmed_blobs(lines: dict[str, str], key_type: str, position: float, length: int, put: bytes) -> None:
    """No blob with bytes put in, taken out or replaced is taken unless both judges take it."""
    data = spliced(blob_of(lines[key_type]), position, length, put)
    agree_if_taken(ssh_wire.line(key_type, data))


@FUZZ
@given(key_type=KEY_TYPES, position=POSITIONS, bit=st.integers(0, 7))
def test_flipped_bits(lines: dict[str, str], key_type: str, position: float, bit: int) -> None:
    """No blob with one bit flipped is taken unless both judges take it."""
    data = blob_of(lines[key_type])
    at = int(position * len(data))
    agree_if_taken(ssh_wire.line(key_type, data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :]))


@FUZZ
@given(key_type=KEY_TYPES, other=KEY_TYPES, order=st.lists(st.integers(0, 3), min_size=1, max_size=5))
def test_shuffled_fields(lines: dict[str, str], key_type: str, other: str, order: list[int]) -> None:
    """No blob of well-framed fields in a wrong order or number, or of another type, is taken."""
    fields = fields_of(blob_of(lines[other]))
    chosen = [fields[number % len(fields)] for number in order]
    agree_if_taken(ssh_wire.line(key_type, ssh_wire.blob(key_type, *chosen)))


@FUZZ
@given(exponent=st.integers(0, 2**70), bits=st.integers(3000, 3100), low=st.integers(0, 2**64))
def test_any_rsa_numbers(exponent: int, bits: int, low: int) -> None:
    """No pair of RSA numbers is taken unless both judges take it."""
    agree_if_taken(ssh_wire.rsa_line(exponent | 1, 1 << bits | low))


@settings(FUZZ, max_examples=60)
@given(raw=st.binary(min_size=32, max_size=32))
def test_any_ed25519_bytes(raw: bytes) -> None:
    """No 32 bytes are taken for an ed25519 key unless both judges take them."""
    agree_if_taken(ssh_wire.ed25519_line(raw))


def blob_of(text: str) -> bytes:
    """Return the bytes of a key line."""
    return base64.b64decode(text.split()[1])


def fields_of(data: bytes) -> list[bytes]:
    """Return the framed fields of a good blob, without the type."""
    fields = []
    while data:
        end = 4 + int.from_bytes(data[:4], "big")
        fields.append(data[:end])
        data = data[end:]
    return fields[1:]


def low_point() -> bytes:
    """Find a point of P-256 whose x is far below half the length of the order."""
    prime, b = NISTP256.prime, NISTP256.b
    for x in range(1, 100):
        square = (x**3 - 3 * x + b) % prime
        y = pow(square, (prime + 1) // 4, prime)
        if y * y % prime == square:
            return b"\4" + x.to_bytes(32, "big") + y.to_bytes(32, "big")
    raise AssertionError("half of all x have a point")


def test_openssh_refuses_short_coordinates() -> None:
    """A point with a tiny x is on the curve for the library, but OpenSSH refuses it, and so do we."""
    text = ssh_wire.ecdsa_line("nistp256", low_point())
    assert loads_in_cryptography(text)
    assert keygen_fingerprint(text) is None
    assert parsed(text) is None

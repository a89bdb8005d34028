"""The parser of SSH public keys: types and numbers; the number in a name is the line of the list of bad inputs."""

from __future__ import annotations

import base64
import re
import subprocess
from pathlib import Path

import pytest

from chalicelib.domain.errors import InvalidInput
from chalicelib.domain.ssh_blob import TYPES
from chalicelib.domain.ssh_key import SshPublicKey
from tests.unit.domain import ssh_wire
from tests.unit.domain.bad_points import SMALL_ORDER, ecdsa_mistakes
from tests.unit.domain.pasted_keys import ENCODED, MODULUS, refusal
from tests.unit.domain.ssh_wire import blob, line, mpint, string


@pytest.fixture(scope="module")
def lines() -> dict[str, str]:
    """One good line of every accepted type."""
    return ssh_wire.fresh_lines()


def test_line_64() -> None:
    """DSA keys are refused by name."""
    text = line("ssh-dss", blob("ssh-dss", *(mpint(2**1023 + 1) for _ in range(4))))
    assert "DSA" in refusal(text)


@pytest.mark.parametrize("bits", [512, 1024, 2048, 3071, 8193, 16384])
def test_line_65(bits: int) -> None:
    """RSA keys below 3072 and above 8192 bits are refused with both numbers."""
    assert f"3072 to 8192 bits, this one has {bits}" in refusal(ssh_wire.rsa_line(65537, 2**bits - 1))


def test_line_65_giant() -> None:
    """An RSA key of 262,144 bits is refused for its length before anything is computed with it."""
    assert "too long" in refusal(ssh_wire.rsa_line(65537, 2**262_144 - 1))


@pytest.mark.parametrize("bits", [3072, 4096, 8192])
def test_line_65_accepted(bits: int) -> None:
    """RSA keys of 3072 to 8192 bits are taken, both ends included."""
    assert SshPublicKey.parse(ssh_wire.rsa_line(65537, 2**bits - 1)).type == "ssh-rsa"


@pytest.mark.parametrize("exponent", [1, 2, 3, 17, 65535, 65536, 65538, 2**64 + 1, 2**100 + 1])
def test_line_66(exponent: int) -> None:
    """Exponents that are even, small or longer than OpenSSL verifies with are refused."""
    assert "exponent" in refusal(ssh_wire.rsa_line(exponent, MODULUS))


@pytest.mark.parametrize("exponent", [65537, 65539, 2**64 - 1])
def test_line_66_accepted(exponent: int) -> None:
    """Odd exponents from 65537 on are taken."""
    assert SshPublicKey.parse(ssh_wire.rsa_line(exponent, MODULUS)).type == "ssh-rsa"


@pytest.mark.parametrize(
    ("exponent", "modulus", "why"),
    [
        pytest.param(mpint(65537), mpint(MODULUS - 1), "even", id="even n"),
        pytest.param(mpint(65537), mpint(-MODULUS), "negative", id="negative n"),
        pytest.param(mpint(-65537), mpint(MODULUS), "negative", id="negative e"),
        pytest.param(mpint(65537), string(bytes(2) + MODULUS.to_bytes(384, "big")), "zeros", id="zeros before n"),
        pytest.param(string(bytes(1) + (65537).to_bytes(3, "big")), mpint(MODULUS), "zeros", id="zeros before e"),
        pytest.param(mpint(65537), string(MODULUS.to_bytes(384, "big")), "negative", id="sign byte missing"),
        pytest.param(mpint(0), mpint(MODULUS), "negative", id="zero e"),
        pytest.param(mpint(65537), mpint(0), "negative", id="zero n"),
    ],
)
def test_line_67(exponent: bytes, modulus: bytes, why: str) -> None:
    """The numbers of an RSA key are positive, shortest, and the modulus is odd."""
    assert why in refusal(line("ssh-rsa", blob("ssh-rsa", exponent, modulus)))


@pytest.mark.parametrize("raw", [pytest.param(bytes.fromhex(point), id=point[:8]) for point in SMALL_ORDER])
@pytest.mark.parametrize("key_type", ["ssh-ed25519", ssh_wire.SK_ED25519])
def test_line_69_small_order(key_type: str, raw: bytes) -> None:
    """The eight points of small order are refused, in plain keys and in security keys."""
    extra = [string(b"ssh:")] if key_type == ssh_wire.SK_ED25519 else []
    assert "sound ed25519" in refusal(line(key_type, blob(key_type, string(raw), *extra)))


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(bytes([9]) * 31, id="31 bytes"),
        pytest.param(bytes([9]) * 33, id="33 bytes"),
        pytest.param(b"", id="no bytes"),
        pytest.param(bytes([2]) + bytes(31), id="no point"),
        pytest.param(((2**255 - 19) + 3).to_bytes(32, "little"), id="y above the prime"),
        pytest.param((2**255 - 1).to_bytes(32, "little"), id="y of all ones"),
        pytest.param((1 + 2**255).to_bytes(32, "little"), id="sign on x of zero"),
    ],
)
def test_line_69(raw: bytes) -> None:
    """An ed25519 key is 32 bytes that spell a point in the one canonical way."""
    assert "sound ed25519" in refusal(ssh_wire.ed25519_line(raw))
    with pytest.raises(InvalidInput):
        SshPublicKey.ed25519(raw)


@pytest.mark.parametrize(("curve", "point"), list(ecdsa_mistakes()))
def test_line_70(curve: str, point: bytes) -> None:
    """An ECDSA key is an uncompressed point of its curve and nothing else."""
    assert "sound point" in refusal(ssh_wire.ecdsa_line(curve, point))


def test_line_70_security_key() -> None:
    """A point off the curve is refused in a security key too."""
    point = ssh_wire.curve_point("nistp256")
    wrong = point[:-1] + bytes([point[-1] ^ 1])
    data = blob(ssh_wire.SK_ECDSA, string(b"nistp256"), string(wrong), string(b"ssh:"))
    assert "sound point" in refusal(line(ssh_wire.SK_ECDSA, data))


@pytest.mark.parametrize("outer", sorted(TYPES))
@pytest.mark.parametrize("inner", sorted(TYPES))
def test_line_71(lines: dict[str, str], outer: str, inner: str) -> None:
    """The type in front must be the type inside, for every pair of types."""
    text = f"{outer} {lines[inner].split()[1]}"
    if outer == inner:
        assert SshPublicKey.parse(text).type == outer
    else:
        assert "type inside" in refusal(text)


def test_line_71_curve() -> None:
    """The curve named inside an ECDSA key must be that of its type."""
    text = ssh_wire.ecdsa_line("nistp256", ssh_wire.curve_point("nistp256"), named="nistp384")
    assert "curve inside" in refusal(text)


@pytest.mark.parametrize("key_type", sorted(TYPES))
def test_line_72_truncated(lines: dict[str, str], key_type: str) -> None:
    """A blob that is cut at any byte is refused, for every type."""
    data = base64.b64decode(lines[key_type].split()[1])
    for length in range(len(data)):
        refusal(line(key_type, data[:length]))


@pytest.mark.parametrize("extra", [b"\0", bytes(4), b"abcd", string(b"x"), b"\xff" * 4], ids=ascii)
@pytest.mark.parametrize("key_type", sorted(TYPES))
def test_line_72_trailing(lines: dict[str, str], key_type: str, extra: bytes) -> None:
    """Bytes behind a key are refused, framed or not, for every type."""
    data = base64.b64decode(lines[key_type].split()[1])
    assert "copy the whole line" in refusal(line(key_type, data + extra))


@pytest.mark.parametrize(
    "encoded",
    [
        pytest.param("", id="nothing"),
        pytest.param("AAAA", id="one word"),
        pytest.param("!" + ENCODED, id="garbage in front"),
        pytest.param(ENCODED[:30] + "*" + ENCODED[30:], id="garbage inside"),
        pytest.param(ENCODED[:-1] + "-", id="url-safe minus"),
        pytest.param(ENCODED[:-1] + "_", id="url-safe underscore"),
        pytest.param(ENCODED[:32] + " " + ENCODED[32:], id="inner space"),
        pytest.param(ENCODED[:32] + "\t" + ENCODED[32:], id="inner tab"),
        pytest.param(ENCODED[:-1], id="one short"),
        pytest.param(ENCODED + "=", id="padding too much"),
        pytest.param(ENCODED + "====", id="padding on its own"),
        pytest.param("=" + ENCODED, id="padding in front"),
        pytest.param("\uff21" + ENCODED[1:], id="full-width letter"),
    ],
)
def test_line_73(encoded: str) -> None:
    """Base64 is taken in its strict form only."""
    assert re.search("proper base64|cut short", refusal(f"ssh-ed25519 {encoded}"))


def test_line_73_spare_bits() -> None:
    """The unused bits of the last base64 character must be zero, so that one key has one spelling."""
    data = blob(ssh_wire.SK_ED25519, string(ssh_wire.ed25519_point()), string(b"ssh:"))
    encoded = base64.b64encode(data).decode()
    assert encoded.endswith("Do=")
    assert SshPublicKey.parse(f"{ssh_wire.SK_ED25519} {encoded}").blob == data
    assert "proper base64" in refusal(f"{ssh_wire.SK_ED25519} {encoded[:-2]}p=")


@pytest.mark.parametrize("key_type", sorted(TYPES))
def test_line_74(lines: dict[str, str], key_type: str) -> None:
    """A certificate is refused by its type, and inside the type of a plain key as well."""
    name = f"{key_type.removesuffix('@openssh.com')}-cert-v01@openssh.com"
    data = base64.b64decode(lines[key_type].split()[1])
    certificate = string(name.encode()) + string(bytes(32)) + data[4 + len(key_type) :]
    assert "certificate" in refusal(line(name, certificate))
    assert "type inside" in refusal(line(key_type, certificate))


@pytest.mark.parametrize("key_type", [ssh_wire.SK_ED25519, ssh_wire.SK_ECDSA])
def test_line_75(lines: dict[str, str], key_type: str) -> None:
    """A security key keeps its type and every byte: as a plain key it would lock its owner out."""
    key = SshPublicKey.parse(f"{lines[key_type]} yubikey")
    assert key.line("cc-0") == f"{lines[key_type]} cc-0"


@pytest.mark.parametrize("application", [b"", b"ssh:\n", b"a\0b", b"a b", "ssh:é".encode(), b"a" * 256], ids=ascii)
def test_line_75_application(application: bytes) -> None:
    """The application of a security key is printable and of 1 to 255 bytes."""
    data = blob(ssh_wire.SK_ED25519, string(ssh_wire.ed25519_point()), string(application))
    assert "application" in refusal(line(ssh_wire.SK_ED25519, data))


@pytest.mark.parametrize(
    "word",
    [
        "rsa-sha2-256",
        "rsa-sha2-512",
        "SSH-ED25519",
        "Ssh-ed25519",
        "ssh-\u0435d25519",
        "ed25519",
        "ssh-ed448",
        "ssh-xmss@openssh.com",
    ],
    ids=ascii,
)
def test_line_76(word: str) -> None:
    """Signature names, other cases, look-alike letters and unknown types are no types."""
    assert "must begin with the type" in refusal(f"{word} {ENCODED}")


@pytest.mark.parametrize("key_type", sorted(TYPES))
def test_fingerprint(lines: dict[str, str], key_type: str, tmp_path: Path) -> None:
    """The fingerprint is the one ssh-keygen prints, and the written line is one that it reads."""
    path = tmp_path / "key.pub"
    key = SshPublicKey.parse(lines[key_type])
    path.write_text(key.line("cc-0123456789ab") + "\n")
    printed = subprocess.run(["ssh-keygen", "-l", "-f", path], capture_output=True, text=True, check=True).stdout
    assert printed.split()[1:3] == [key.fingerprint, "cc-0123456789ab"]

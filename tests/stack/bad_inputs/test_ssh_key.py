"""Lines 54 to 79: what is no sound public key of one person, sent as a stranger's signup."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator

import pytest
from _pytest.mark import ParameterSet
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from tests.stack.bad_inputs.stranger import Stranger, new_key
from tests.stack.conftest import GuestKey
from tests.unit.domain import ssh_wire
from tests.unit.domain.bad_points import SMALL_ORDER, ecdsa_mistakes
from tests.unit.domain.ssh_wire import blob, line, mpint, string

GOOD = new_key()
ENCODED = GOOD.split()[1]
MODULUS = 2**3072 - 1
"""Odd and of 3072 bits: nobody looks for factors, so no key has to be made."""

LINES = ssh_wire.fresh_lines()
"""One good line of every type that is taken."""


def stored(stranger: Stranger, text: str) -> str:
    """The key line that is kept of a signup, without the name behind it."""
    made = stranger.taken(ssh_public_key=text)
    kept, _, name = stranger.inside.row(made).ssh_public_key.rpartition(" ")
    assert name == f"cc-{made}"
    return kept


@pytest.mark.parametrize("value", [..., None, [], [GOOD], {}, 7, True], ids=lambda value: type(value).__name__)
def test_line_54_no_text(stranger: Stranger, value: object) -> None:
    """A key is text, and it is needed."""
    stranger.refused("ssh_public_key", value)


@pytest.mark.parametrize(
    "text", ["", " \t \n", f"# {GOOD}", f"\ufeff{GOOD}"], ids=["empty", "blank", "comment", "mark"]
)
def test_line_55_nothing_in_it(stranger: Stranger, text: str) -> None:
    """An empty text, a comment line and a byte order mark are refused."""
    stranger.refused("ssh_public_key", text)


def private_keys() -> Iterator[ParameterSet]:
    """Yield private keys in the forms that people have lying about."""
    keys: dict[str, ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey] = {
        "ecdsa": ec.generate_private_key(ec.SECP256R1()),
        "ed25519": ed25519.Ed25519PrivateKey.generate(),
    }
    for name, key in keys.items():
        for kind, form in (("openssh", PrivateFormat.OpenSSH), ("pkcs8", PrivateFormat.PKCS8)):
            yield pytest.param(key.private_bytes(Encoding.PEM, form, NoEncryption()).decode(), id=f"{name} {kind}")
    short = rsa.generate_private_key(65537, 1024)  # noqa: S505 -- too short on purpose, it is quick to make
    pem = short.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()
    yield pytest.param(pem, id="rsa PEM")
    yield pytest.param(f"{GOOD}\n{pem}", id="behind a public key")


@pytest.mark.parametrize("pem", list(private_keys()))
def test_line_56_private_key(stranger: Stranger, pem: str) -> None:
    """A private key is called one, and no part of it is in an answer, in a log or in the store."""
    before = stranger.inside.written()
    said = stranger.post(stranger.wish(ssh_public_key=pem))
    assert "this is a private key; make a new one" in said.is_problem(422, "invalid_input")["errors"]["ssh_public_key"]
    assert stranger.inside.written() == before
    body = pem.partition("-----BEGIN")[2]
    secrets = [part.encode() for part in re.findall(r"[A-Za-z0-9+/]{24,}", body)]
    home = stranger.inside.home
    places = [
        said.body,
        *(file.read_bytes() for file in (*home.glob("ccc.db*"), *home.glob("dynamodb/*"), *(home / "log").iterdir())),
    ]
    assert len(places) > 2
    assert [part for part in secrets if any(part in place for place in places)] == []
    assert secrets


@pytest.mark.parametrize(
    "text",
    [
        f"---- BEGIN SSH2 PUBLIC KEY ----\n{ENCODED}\n---- END SSH2 PUBLIC KEY ----",
        ed25519.Ed25519PrivateKey.generate()
        .public_key()
        .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        .decode(),
    ],
    ids=["rfc4716", "pkcs8"],
)
def test_line_57_other_formats(stranger: Stranger, text: str) -> None:
    """A public key in another format is refused with the command that converts it."""
    assert "ssh-keygen -i" in stranger.refused("ssh_public_key", text)


@pytest.mark.parametrize(
    "option",
    ['command="id"', "no-pty", 'environment="A=b"', "cert-authority", 'from="*"', "restrict,pty", 'from="a b"'],
)
def test_line_58_options(stranger: Stranger, option: str) -> None:
    """Options in front of a key are refused, although ssh-keygen takes them."""
    stranger.refused("ssh_public_key", f"{option} {GOOD}")


@pytest.mark.parametrize("prefix", ["@cert-authority *", "@revoked *", "192.0.2.1", "|1|c2FsdA==|aGFzaA=="])
def test_line_59_known_hosts(stranger: Stranger, prefix: str) -> None:
    """Lines of a known_hosts file are refused, although ssh-keygen takes them."""
    stranger.refused("ssh_public_key", f"{prefix} {GOOD}")


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n", "\v", "\f", "\u2028", "\u2029", "\x85"], ids=ascii)
@pytest.mark.parametrize("comment", ["", " one"], ids=["plain", "comment"])
def test_line_60_two_keys(stranger: Stranger, end: str, comment: str) -> None:
    """Two keys are refused, whatever end of line stands between them."""
    stranger.refused("ssh_public_key", f"{GOOD}{comment}{end}{new_key()}")


@pytest.mark.parametrize("character", ["\0", "\x1b", "\x07", "\x7f", "\x9b", "\u202e", "\u2066", "\ue000"], ids=ascii)
def test_line_61_controls(stranger: Stranger, character: str) -> None:
    """Controls and direction marks in the comment are refused."""
    stranger.refused("ssh_public_key", f"{GOOD} a{character}b")


@pytest.mark.parametrize(
    "comment", ["\U0001f680 laptop", "\U0001f468\u200d\U0001f4bb", "\u00e9" * 128, "a" * 256], ids=ascii
)
def test_line_62_emoji(stranger: Stranger, comment: str) -> None:
    """A comment of any script, to 256 bytes, is taken and dropped."""
    assert stored(stranger, f"{GOOD} {comment}") == GOOD


@pytest.mark.parametrize("comment", ["a" * 257, "\u00e9" * 129], ids=["ascii", "two bytes each"])
def test_line_62_long_comment(stranger: Stranger, comment: str) -> None:
    """More than 256 bytes of comment are refused."""
    stranger.refused("ssh_public_key", f"{GOOD} {comment}")


@pytest.mark.parametrize("comment", ["${pkgs.hello}", "''", '"', "\\", "$(id)", "`id`", "a'; rm -rf ~ #"])
def test_line_63_what_nix_would_read(stranger: Stranger, comment: str) -> None:
    """What could mean something to Nix or to a shell is dropped with the comment."""
    assert stored(stranger, f"{GOOD} {comment}") == GOOD


def test_line_64_dsa(stranger: Stranger) -> None:
    """DSA keys are refused by name."""
    text = line("ssh-dss", blob("ssh-dss", *(mpint(2**1023 + 1) for _ in range(4))))
    assert "DSA" in stranger.refused("ssh_public_key", text)


@pytest.mark.parametrize("bits", [512, 1024, 2048, 3071, 8193, 16384])
def test_line_65_rsa_bits(stranger: Stranger, bits: int) -> None:
    """RSA keys below 3072 and above 8192 bits are refused."""
    assert f"this one has {bits}" in stranger.refused("ssh_public_key", ssh_wire.rsa_line(65537, 2**bits - 1))


def test_line_65_giant(stranger: Stranger) -> None:
    """An RSA key of 262,144 bits is larger than any body may be; cut down to fit, it is refused for its length."""
    giant = ssh_wire.rsa_line(65537, 2**262_144 - 1)
    stranger.turned_away(413, "too_large", json.dumps(stranger.wish(ssh_public_key=giant)).encode())
    assert "too long" in stranger.refused("ssh_public_key", giant[: 15 * 1024])


@pytest.mark.parametrize("exponent", [1, 2, 3, 17, 65536, 2**100 + 1])
def test_line_66_rsa_exponent(stranger: Stranger, exponent: int) -> None:
    """Exponents that are even, small or huge are refused."""
    assert "exponent" in stranger.refused("ssh_public_key", ssh_wire.rsa_line(exponent, MODULUS))


@pytest.mark.parametrize(
    ("exponent", "modulus"),
    [
        (mpint(65537), mpint(MODULUS - 1)),
        (mpint(65537), mpint(-MODULUS)),
        (mpint(65537), string(bytes(2) + MODULUS.to_bytes(384, "big"))),
        (string(bytes(1) + (65537).to_bytes(3, "big")), mpint(MODULUS)),
    ],
    ids=["even n", "negative n", "zeros before n", "zeros before e"],
)
def test_line_67_rsa_modulus(stranger: Stranger, exponent: bytes, modulus: bytes) -> None:
    """The numbers of an RSA key are positive, shortest, and the modulus is odd."""
    stranger.refused("ssh_public_key", line("ssh-rsa", blob("ssh-rsa", exponent, modulus)))


@pytest.mark.parametrize(
    "raw",
    [
        *(pytest.param(bytes.fromhex(point), id=f"small order {point[:8]}") for point in SMALL_ORDER),
        pytest.param(bytes([9]) * 31, id="31 bytes"),
        pytest.param(bytes([2]) + bytes(31), id="no point"),
    ],
)
def test_line_69_ed25519_point(stranger: Stranger, raw: bytes) -> None:
    """An ed25519 key of 31 bytes, off the curve, or of small order is refused."""
    assert "sound ed25519" in stranger.refused("ssh_public_key", ssh_wire.ed25519_line(raw))


@pytest.mark.parametrize(("curve", "point"), [each for each in ecdsa_mistakes() if "256" in str(each.id)])
def test_line_70_ecdsa_point(stranger: Stranger, curve: str, point: bytes) -> None:
    """Infinity, and what is off the curve or not written out in full, is refused."""
    assert "sound point" in stranger.refused("ssh_public_key", ssh_wire.ecdsa_line(curve, point))


@pytest.mark.parametrize("outer", sorted(LINES))
def test_line_71_two_types(stranger: Stranger, outer: str) -> None:
    """The type in front must be the type inside."""
    inner = "ssh-rsa" if outer == ssh_wire.SK_ED25519 else ssh_wire.SK_ED25519
    assert "type inside" in stranger.refused("ssh_public_key", f"{outer} {LINES[inner].split()[1]}")


@pytest.mark.parametrize("key_type", sorted(LINES))
def test_line_72_cut_or_longer(stranger: Stranger, key_type: str) -> None:
    """A key that is cut short or has something behind it is refused."""
    data = base64.b64decode(LINES[key_type].split()[1])
    for wrong in (data[:-1], data[:-33], data + b"\0", data + string(b"x")):
        stranger.refused("ssh_public_key", line(key_type, wrong))


@pytest.mark.parametrize(
    "encoded",
    [
        "!" + ENCODED,
        ENCODED[:30] + "*" + ENCODED[30:],
        ENCODED[:-1] + "-",
        ENCODED[:-1] + "_",
        ENCODED[:32] + " " + ENCODED[32:],
        ENCODED[:-1],
        ENCODED + "=",
        "",
    ],
    ids=["in front", "inside", "minus", "underscore", "blank", "short", "padding", "nothing"],
)
def test_line_73_base64(stranger: Stranger, encoded: str) -> None:
    """Base64 is taken in its strict form only."""
    stranger.refused("ssh_public_key", f"ssh-ed25519 {encoded}")


@pytest.mark.parametrize("key_type", sorted(LINES))
def test_line_74_certificates(stranger: Stranger, key_type: str) -> None:
    """A certificate is refused by its type."""
    name = f"{key_type.removesuffix('@openssh.com')}-cert-v01@openssh.com"
    inner = base64.b64decode(LINES[key_type].split()[1])[4 + len(key_type) :]
    text = line(name, string(name.encode()) + string(bytes(32)) + inner)
    assert "certificate" in stranger.refused("ssh_public_key", text)


@pytest.mark.parametrize("key_type", [ssh_wire.SK_ED25519, ssh_wire.SK_ECDSA])
def test_line_75_security_keys(stranger: Stranger, key_type: str) -> None:
    """A security key is taken and keeps its type and every byte."""
    assert stored(stranger, f"{LINES[key_type]} yubikey") == LINES[key_type]


@pytest.mark.parametrize(
    "word", ["rsa-sha2-256", "SSH-ED25519", "Ssh-ed25519", "ssh-\u0435d25519", "ed25519"], ids=ascii
)
def test_line_76_no_type(stranger: Stranger, word: str) -> None:
    """Names of signatures, other cases and look-alike letters are no types."""
    stranger.refused("ssh_public_key", f"{word} {ENCODED}")


def test_line_77_ten_megabytes(stranger: Stranger) -> None:
    """Ten megabytes behind a key are too large a body."""
    body = json.dumps(stranger.wish(ssh_public_key=GOOD + " " + "a" * 10_000_000)).encode()
    stranger.turned_away(413, "too_large", body)


def test_line_78_key_of_an_active_instance(stranger: Stranger, guest_key: GuestKey) -> None:
    """The key of a machine that runs may open another one too."""
    stranger.box.until(stranger.box.provision(guest_key.public), "running")
    assert stored(stranger, guest_key.public) == guest_key.public.rpartition(" ")[0]


@pytest.mark.parametrize(
    "shape", ["{}\t{}", "{} \t  {}", "  \t{} {}", "{} {}  \t", "{} {}\n", "{} {} comment\r\n"], ids=ascii
)
def test_line_79_blanks(stranger: Stranger, shape: str) -> None:
    """Tabs, blanks around and between, and the line end of a .pub file are normalised."""
    assert stored(stranger, shape.format("ssh-ed25519", ENCODED)) == GOOD

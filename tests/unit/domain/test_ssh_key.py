"""The parser of SSH public keys; the number in a name is the line of the list of bad inputs."""

from __future__ import annotations

import base64
import re
import subprocess
import traceback
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from chalicelib.domain.errors import InvalidInput
from chalicelib.domain.ssh_blob import TYPES
from chalicelib.domain.ssh_key import SshPublicKey
from tests.unit.domain import ssh_wire
from tests.unit.domain.ssh_wire import blob, line, mpint, string

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from _pytest.mark import ParameterSet

GOOD = ssh_wire.ed25519_line(ssh_wire.ed25519_point())
OTHER = ssh_wire.ed25519_line(ssh_wire.ed25519_point())
ENCODED = GOOD.split()[1]
GOOD_BLOB = base64.b64decode(ENCODED)
MODULUS = 2**3072 - 1
"""Odd and of 3072 bits: the parser does not look for factors, so no key has to be made."""


@pytest.fixture(scope="module")
def lines() -> dict[str, str]:
    """One good line of every accepted type."""
    return ssh_wire.fresh_lines()


def refusal(text: object) -> str:
    """Parse what must not parse, and return the sentence."""
    with pytest.raises(InvalidInput) as caught:
        SshPublicKey.parse(text)
    assert set(caught.value.fields) == {"ssh_public_key"}
    return caught.value.fields["ssh_public_key"]


@pytest.mark.parametrize("value", [None, [], {}, 7, True, GOOD.encode()], ids=lambda value: type(value).__name__)
def test_line_54(value: object) -> None:
    """What is not a string is answered with what to paste instead."""
    assert "paste the line of your public key" in refusal(value)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param("", "paste the line", id="empty"),
        pytest.param(" \t \n", "paste the line", id="blank"),
        pytest.param(f"# {GOOD}", "must begin with the type", id="comment line"),
        pytest.param(f"\ufeff{GOOD}", "invisible", id="byte order mark"),
    ],
)
def test_line_55(text: str, why: str) -> None:
    """An empty text, a comment line and a byte order mark are refused, each with its reason."""
    assert why in refusal(text)


FORMS = {
    "openssh": PrivateFormat.OpenSSH,
    "pkcs8": PrivateFormat.PKCS8,
    "traditional": PrivateFormat.TraditionalOpenSSL,
}


def private_texts() -> Iterator[ParameterSet]:
    """Yield private keys in every form people have lying about."""
    curve = ec.generate_private_key(ec.SECP256R1())
    number = rsa.generate_private_key(65537, 1024)  # noqa: S505 -- too short on purpose, it is quick to make
    for name, form in FORMS.items():
        for key in (curve, number):
            pem = key.private_bytes(Encoding.PEM, form, NoEncryption()).decode()
            yield pytest.param(pem, id=f"{type(key).__name__} {name}")
    edwards = ed25519.Ed25519PrivateKey.generate()
    pem = edwards.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()
    yield pytest.param(pem, id="ed25519 openssh")
    body = "".join(pem.splitlines()[1:-1])
    yield pytest.param(body, id="body alone")
    yield pytest.param(f"ssh-ed25519 {body}", id="behind a type")
    yield pytest.param(f"{GOOD}\n-----BEGIN PRIVATE KEY-----\n{body}", id="behind a public key")
    yield pytest.param(f"{body[40:]}\n-----end openssh private key-----", id="without its first lines")
    yield pytest.param(f"---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\n{body[40:]}", id="ssh2")
    yield pytest.param(f"PuTTY-User-Key-File-3: ssh-ed25519\n{body[40:]}", id="putty")
    yield pytest.param("-----BEGIN PRIVATE KEY-----\n" + body * 100, id="longer than any key")


@pytest.mark.parametrize("text", list(private_texts()))
def test_line_56(text: str) -> None:
    """A private key is called one, and no part of it is in the error, its cause or its traceback's lines."""
    with pytest.raises(InvalidInput) as caught:
        SshPublicKey.parse(text)
    told = "".join(traceback.format_exception(caught.value)) + repr(caught.value) + repr(caught.value.data)
    assert "this is a private key; make a new one" in caught.value.fields["ssh_public_key"]
    assert not [secret for secret in re.findall(r"[A-Za-z0-9+/]{24,}", text) if secret in told]


def test_line_56_words_in_a_comment() -> None:
    """The words "private key" in the comment of a public key do not make it a private one."""
    assert SshPublicKey.parse(f"{GOOD} not my PRIVATE KEY").blob == GOOD_BLOB


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"---- BEGIN SSH2 PUBLIC KEY ----\n{ENCODED}\n---- END SSH2 PUBLIC KEY ----", id="rfc4716"),
        pytest.param(
            ed25519.Ed25519PrivateKey.generate()
            .public_key()
            .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
            .decode(),
            id="pkcs8",
        ),
        pytest.param("-----BEGIN RSA PUBLIC KEY-----\nMIIB", id="pkcs1"),
    ],
)
def test_line_57(text: str) -> None:
    """A public key in another format is refused with the command that converts it."""
    assert "ssh-keygen -i" in refusal(text)


@pytest.mark.parametrize(
    "option",
    [
        'command="id"',
        "no-pty",
        'environment="A=b"',
        "cert-authority",
        'from="*"',
        "restrict,pty",
        'from="a b"',
    ],
)
def test_line_58(option: str) -> None:
    """Options in front of a key are refused, although ssh-keygen takes them."""
    assert "without options" in refusal(f"{option} {GOOD}")


@pytest.mark.parametrize(
    "prefix", ["@cert-authority *", "@revoked *", "192.0.2.1", "box,192.0.2.1", "|1|c2FsdA==|aGFzaA=="]
)
def test_line_59(prefix: str) -> None:
    """Lines of a known_hosts file are refused, although ssh-keygen takes them."""
    assert "host names" in refusal(f"{prefix} {GOOD}")


@pytest.mark.parametrize(
    "separator",
    ["\n", "\r", "\r\n", "\n\n", "\v", "\f", "\u2028", "\u2029", "\x85", "\x1c", "\x1d", "\x1e"],
    ids=ascii,
)
@pytest.mark.parametrize("comment", ["", " one"], ids=["plain", "comment"])
def test_line_60(separator: str, comment: str) -> None:
    """Two keys are refused, whatever end of line stands between them."""
    assert re.search("more than one line|control or invisible", refusal(f"{GOOD}{comment}{separator}{OTHER}"))


@pytest.mark.parametrize("end", ["\n\n", "\r", "\n\r", "\n#", "\n \n"], ids=ascii)
def test_line_60_ends(end: str) -> None:
    """More than one line end behind the key is more than one line."""
    assert "more than one line" in refusal(GOOD + end)


@pytest.mark.parametrize(
    "character",
    [
        "\0",
        "\x1b",
        "\x07",
        "\x7f",
        "\x9b",
        "\u202e",
        "\u2066",
        "\u200f",
        "\u061c",
        "\ufeff",
        "\ud800",
        "\ue000",
        "\t",
    ],
    ids=ascii,
)
@pytest.mark.parametrize("place", ["{0} a{1}b", "{0}{1}", "{1}{0}"], ids=["comment", "end", "front"])
def test_line_61(character: str, place: str) -> None:
    """Controls and direction marks are refused wherever they stand (a tab only within the comment)."""
    if character == "\t" and place != "{0} a{1}b":
        assert SshPublicKey.parse(place.format(GOOD, character)).blob == GOOD_BLOB
    else:
        assert "control or invisible" in refusal(place.format(GOOD, character))


@pytest.mark.parametrize("comment", ["\U0001f680 laptop", "\U0001f468\u200d\U0001f4bb", "שלום", "é" * 128, "a" * 256])
def test_line_62(comment: str) -> None:
    """Comments of any script and emoji, to 256 bytes, are taken and dropped."""
    assert SshPublicKey.parse(f"{GOOD} {comment}").line("cc-0") == f"{GOOD} cc-0"


@pytest.mark.parametrize("comment", ["a" * 257, "é" * 129, "a b " * 65], ids=["ascii", "two bytes each", "words"])
def test_line_62_too_long(comment: str) -> None:
    """A comment of more than 256 bytes is refused."""
    assert "longer than 256 bytes" in refusal(f"{GOOD} {comment}")


@pytest.mark.parametrize("comment", ["${pkgs.hello}", "''", '"', "\\", "$(id)", "`id`", "a'; rm -rf ~ #", "command=x"])
def test_line_63(comment: str) -> None:
    """What could mean something to Nix or to a shell is dropped with the comment."""
    assert SshPublicKey.parse(f"{GOOD} {comment}").line("cc-0") == f"{GOOD} cc-0"


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


@pytest.mark.parametrize("size", [12 * 1024 + 1, 10_000_000])
def test_line_77(size: int) -> None:
    """More than 12 KiB is refused for its length (the edge answers 413 for far more)."""
    assert "too long" in refusal(GOOD + " " + "a" * (size - len(GOOD) - 1))


def test_line_78() -> None:
    """The same key twice is the same value: nothing here forbids it to be used again."""
    assert SshPublicKey.parse(GOOD) == SshPublicKey.parse(f"{GOOD} elsewhere")


@pytest.mark.parametrize(
    "shape",
    [
        "{type}\t{key}",
        "{type} \t  {key}",
        "  \t{type} {key}",
        "{type} {key}  \t",
        "{type} {key}\tcomment with words",
        "{type} {key}\n",
        "{type} {key} comment\r\n",
        " {type} {key} \n",
    ],
    ids=ascii,
)
def test_line_79(shape: str) -> None:
    """Tabs, spaces around and between, and the line end of a .pub file are normalised."""
    text = shape.format(type="ssh-ed25519", key=ENCODED)
    assert SshPublicKey.parse(text).line("cc-0") == f"{GOOD} cc-0"


@pytest.mark.parametrize("key_type", sorted(TYPES))
def test_fingerprint(lines: dict[str, str], key_type: str, tmp_path: Path) -> None:
    """The fingerprint is the one ssh-keygen prints, and the written line is one that it reads."""
    path = tmp_path / "key.pub"
    key = SshPublicKey.parse(lines[key_type])
    path.write_text(key.line("cc-0123456789ab") + "\n")
    printed = subprocess.run(["ssh-keygen", "-l", "-f", path], capture_output=True, text=True, check=True).stdout
    assert printed.split()[1:3] == [key.fingerprint, "cc-0123456789ab"]


@pytest.mark.parametrize("arguments", [["-t", "ed25519"], ["-t", "ecdsa", "-b", "521"], ["-t", "rsa", "-b", "3072"]])
def test_a_pub_file_is_taken(tmp_path: Path, arguments: list[str]) -> None:
    """The file that ssh-keygen writes is taken as it is, comment and line end included."""
    path = tmp_path / "id"
    subprocess.run(["ssh-keygen", "-q", "-N", "", "-C", "me@laptop", *arguments, "-f", path], check=True)
    text = path.with_suffix(".pub").read_text()
    assert SshPublicKey.parse(text).line("me@laptop") + "\n" == text


def test_ed25519_of_raw_bytes() -> None:
    """A key made of 32 raw bytes is the key its line parses to."""
    raw = ssh_wire.ed25519_point()
    assert SshPublicKey.ed25519(raw) == SshPublicKey.parse(ssh_wire.ed25519_line(raw))


@pytest.mark.parametrize("comment", ["", "a b", "a\nb", "a\n", "é", '"', "$x", "a" * 65], ids=ascii)
def test_our_own_comment_is_one_plain_word(comment: str) -> None:
    """A comment that is not one plain word is a bug of ours and never reaches a line."""
    with pytest.raises(ValueError, match="one word"):
        SshPublicKey.parse(GOOD).line(comment)

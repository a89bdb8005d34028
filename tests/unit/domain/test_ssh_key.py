"""The parser of SSH public keys: what people paste; the number in a name is the line of the list of bad inputs.

What is inside the key is in `test_ssh_key_blob.py`.
"""

from __future__ import annotations

import re
import subprocess
import traceback
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from chalicelib.domain.errors import InvalidInput
from chalicelib.domain.ssh_key import SshPublicKey
from tests.unit.domain import ssh_wire
from tests.unit.domain.pasted_keys import ENCODED, GOOD, GOOD_BLOB, OTHER, refusal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from _pytest.mark import ParameterSet


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

"""What SSH_KEY may be, and what is refused before anything is sent.

A number in a name is the line of the list of bad inputs.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from ccc.errors import WrongUse
from ccc.ssh_key_argument import LIMIT, public_key
from tests.unit.ccc.command_line import fresh_private_key, fresh_public_key


class Stdin:
    """A stdin that holds given bytes and is no terminal."""

    closed = False

    def __init__(self, raw: bytes) -> None:
        self.buffer = io.BytesIO(raw)

    def isatty(self) -> bool:
        """Tell that nobody types here."""
        return False


def refusal(argument: str) -> str:
    """Return the words with which `argument` is refused."""
    with pytest.raises(WrongUse) as caught:
        public_key(argument)
    return "\n".join(caught.value.lines())


def test_the_key_itself() -> None:
    """A key as text is taken as it is, without the space around it."""
    key = fresh_public_key()
    assert public_key(f" {key}\n") == key


@pytest.mark.parametrize("kind", ["ed25519", "rsa", "ecdsa"])
def test_the_path_of_a_pub_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """What ssh-keygen writes is accepted by its path, also relative to the current folder."""
    fresh_private_key(tmp_path, kind)
    monkeypatch.chdir(tmp_path)
    assert public_key("id.pub") == (tmp_path / "id.pub").read_text(encoding="utf-8").strip()


def test_a_home_in_quotes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A `~` that the shell left alone means the home."""
    key = fresh_public_key()
    (tmp_path / "id.pub").write_text(key, encoding="utf-8")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert public_key("~/id.pub") == key


def test_stdin(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dash means stdin."""
    key = fresh_public_key()
    monkeypatch.setattr(sys, "stdin", Stdin(f"\n{key}\n".encode()))
    assert public_key("-") == key


def test_stdin_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """From stdin no more is read than a key can be long."""
    stdin = Stdin(b"x" * (LIMIT * 3))
    monkeypatch.setattr(sys, "stdin", stdin)
    assert "longer than" in refusal("-")
    assert stdin.buffer.tell() == LIMIT + 1


def test_line_140_a_missing_file() -> None:
    """A path that leads nowhere is named."""
    assert "no/such/file.pub is neither a public key nor a file" in refusal("no/such/file.pub")


def test_line_140_a_directory(tmp_path: Path) -> None:
    """A directory is called one."""
    assert "is a directory" in refusal(str(tmp_path))


def test_line_140_ten_megabytes(tmp_path: Path) -> None:
    """A huge file is refused by its size."""
    path = tmp_path / "big.pub"
    with path.open("wb") as file:
        file.truncate(10_000_000)
    assert f"longer than {LIMIT} bytes" in refusal(str(path))


def test_line_140_not_utf8(tmp_path: Path) -> None:
    """A file that is no text is refused as such."""
    path = tmp_path / "latin.pub"
    path.write_bytes(b"ssh-ed25519 AAAA J\xfcrgen")
    assert "not text in UTF-8" in refusal(str(path))


def test_line_140_utf16(tmp_path: Path) -> None:
    """What a Windows shell's redirection writes is refused too."""
    path = tmp_path / "wide.pub"
    path.write_text(fresh_public_key(), encoding="utf-16")
    assert "not text in UTF-8" in refusal(str(path))


def test_line_140_a_private_key_file_names_its_public_half(tmp_path: Path) -> None:
    """A private key is refused with the path of the half that is meant."""
    path = fresh_private_key(tmp_path)
    assert f"{path}.pub" in refusal(str(path))


def test_line_140_a_private_key_of_another_program(tmp_path: Path) -> None:
    """PuTTY's private key format is known too."""
    path = tmp_path / "key.ppk"
    path.write_text("PuTTY-User-Key-File-3: ssh-ed25519\n", encoding="utf-8")
    assert "is a private key" in refusal(str(path))


def test_two_keys(tmp_path: Path) -> None:
    """A file with two keys is refused: which one is meant is not ours to guess."""
    path = tmp_path / "two.pub"
    path.write_text(f"{fresh_public_key()}\n{fresh_public_key()}\n", encoding="utf-8")
    assert "exactly one public key" in refusal(str(path))


def test_an_empty_file(tmp_path: Path) -> None:
    """A file without a key is refused."""
    path = tmp_path / "empty.pub"
    path.write_text("\n", encoding="utf-8")
    assert "exactly one public key" in refusal(str(path))


@pytest.mark.parametrize("damage", ["truncated", "type", "base64", "old", "control"])
def test_damaged_keys(damage: str) -> None:
    """A key with a damaged middle, a false type, an abandoned type or control characters is refused."""
    kind, blob, comment = fresh_public_key().split()
    damaged = {
        "truncated": f"{kind} {blob[:3]} {comment}",
        "type": f"ssh-rsa {blob} {comment}",
        "base64": f"{kind} {blob[:20]}!{blob[21:]} {comment}",
        "old": f"ssh-dss {blob} {comment}",
        "control": f"{kind} {blob} \x1b[31m",
    }
    words = refusal(damaged[damage])
    assert words
    assert blob not in words


def test_half_a_key() -> None:
    """The type alone is what an unquoted key leaves over, and the message says so."""
    assert "put the whole key in quotes" in refusal("ssh-ed25519")


def test_a_very_long_argument_is_not_shown() -> None:
    """An argument too long to be a path is not repeated."""
    words = refusal("x" * 5000)
    assert "xxxx" not in words
    assert "the argument" in words


def test_an_endless_device_is_read_once() -> None:
    """A device that never ends is refused instead of filling the memory."""
    assert "longer than" in refusal("/dev/zero")

"""What every `Identities` promises, and what the real one promises beyond: OpenSSH and its library know its keys."""

from __future__ import annotations

import base64
import secrets
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_ssh_private_key

from chalicelib.adapters.ed25519_identities import Ed25519Identities
from chalicelib.domain.build import KeyPair
from chalicelib.operations.ports import Identities
from tests.fakes.identities import HashedIdentities


@pytest.fixture(params=[Ed25519Identities, HashedIdentities])
def identities(request: pytest.FixtureRequest) -> Identities:
    """Each maker of keys."""
    made: Identities = request.param()
    return made


def test_the_same_seed_gives_the_same_pair(identities: Identities) -> None:
    """Both halves are the same to the byte, so that a repeated step sends the same user_data."""
    seed = secrets.token_bytes(32)
    assert identities.key_pair(seed) == identities.key_pair(bytes(seed))


def test_another_seed_gives_another_pair(identities: Identities) -> None:
    """One bit is enough."""
    seed = secrets.token_bytes(32)
    other = bytes([seed[0] ^ 1]) + seed[1:]
    one, two = identities.key_pair(seed), identities.key_pair(other)
    assert one.public != two.public
    assert one.private != two.private


def test_the_public_half_is_a_type_and_a_blob(identities: Identities) -> None:
    """`type base64` and nothing else: 32 bytes of point behind the name and the lengths (RFC 8709, section 4)."""
    kind, encoded = identities.key_pair(secrets.token_bytes(32)).public.split(" ")
    blob = base64.b64decode(encoded, validate=True)
    assert kind == "ssh-ed25519"
    assert blob[:19] == b"\0\0\0\x0bssh-ed25519\0\0\0\x20"
    assert len(blob) == 19 + 32


def test_the_private_half_is_a_file_in_opensshs_format(identities: Identities) -> None:
    """It begins and ends as such a file does, with a line end after the last line."""
    private = identities.key_pair(secrets.token_bytes(32)).private
    assert private.startswith("-----BEGIN OPENSSH PRIVATE KEY-----\n")
    assert private.endswith("\n-----END OPENSSH PRIVATE KEY-----\n")


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_a_seed_of_another_length_is_refused(identities: Identities, length: int) -> None:
    """A shortened seed would make a key that can be guessed."""
    with pytest.raises(ValueError, match="32 bytes"):
        identities.key_pair(bytes(length))


@pytest.fixture
def pair() -> KeyPair:
    """A pair of the real maker."""
    return Ed25519Identities().key_pair(secrets.token_bytes(32))


def test_openssh_reads_the_private_half_and_finds_the_public_one(pair: KeyPair, tmp_path: Path) -> None:
    """ssh-keygen derives from the file what we say is its public half."""
    file = tmp_path / "key"
    file.touch(mode=0o600)
    file.write_text(pair.private)
    answer = subprocess.run(["ssh-keygen", "-y", "-f", str(file)], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == pair.public


def test_the_key_is_the_one_of_the_seed() -> None:
    """The library reads from the file the very seed that went in (RFC 8032)."""
    seed = secrets.token_bytes(32)
    key = load_ssh_private_key(Ed25519Identities().key_pair(seed).private.encode(), None)
    assert isinstance(key, Ed25519PrivateKey)
    assert key.private_bytes_raw() == seed


def test_a_fake_fails_when_it_is_told_to() -> None:
    """The error comes once."""
    fake = HashedIdentities()
    fake.fail_next(RuntimeError("once"))
    with pytest.raises(RuntimeError, match="once"):
        fake.key_pair(bytes(32))
    assert fake.key_pair(bytes(32)).public

"""What of a refused form is shown again."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from chalicelib.web.pages.typed import Typed
from tests.unit.api.world import public_key

FIELDS = ("email", "ssh_public_key", "hours", "server_type", "location")


def private_key(form: PrivateFormat) -> str:
    """A fresh private key as the text of its file."""
    return Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, form, NoEncryption()).decode()


@pytest.mark.parametrize("form", [PrivateFormat.OpenSSH, PrivateFormat.PKCS8])
@pytest.mark.parametrize(
    "spelling", [str, lambda text: text.replace("\n", "\r\n"), lambda text: text.replace("\n", "")]
)
@pytest.mark.parametrize("name", FIELDS)
def test_a_private_key_is_never_shown_again(form: PrivateFormat, spelling: object, name: str) -> None:
    """Whichever field it was pasted into, and whatever became of its line ends."""
    assert callable(spelling)
    assert Typed.of({name: spelling(private_key(form))}) == Typed()


@pytest.mark.parametrize("form", [PrivateFormat.OpenSSH, PrivateFormat.PKCS8])
def test_the_body_of_a_private_key_is_not_shown_either(form: PrivateFormat) -> None:
    """A key without its first and last line is a key."""
    body = "".join(private_key(form).splitlines()[1:-1])
    for text in (body, f"ssh-ed25519 {body}", f"{public_key()} {body}"):
        assert body[:30] not in Typed.of({"ssh_public_key": text}).ssh_public_key
    assert Typed.of({"email": body}).email == ""


def test_what_was_typed_is_kept() -> None:
    """Everything else comes back as it was, so that only what is wrong has to be typed anew."""
    fields = {
        "email": "guest.example.com",
        "ssh_public_key": f"{public_key()} me@laptop",
        "hours": "0",
        "server_type": "cpx22",
        "location": "nbg1",
    }
    assert Typed.of(fields) == Typed(**fields)


def test_a_long_comment_is_left_away() -> None:
    """The key itself is kept; behind it may stand anything, so only a few plain words are."""
    key = public_key()
    assert Typed.of({"ssh_public_key": f"{key} {'x' * 41}\r\n"}).ssh_public_key == key
    assert Typed.of({"ssh_public_key": f" {key}  my old laptop\n"}).ssh_public_key == f"{key}  my old laptop"


def test_a_public_key_with_a_fault_is_kept() -> None:
    """A key whose end was not copied is shown again: its owner sees what is missing."""
    cut = public_key()[:-10]
    assert Typed.of({"ssh_public_key": cut}).ssh_public_key == cut

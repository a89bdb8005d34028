"""What every `Keyring` promises; and that the file's follows the file.

SSM is moto's here (what it is right about, and not: `ssm_house.py`); time, pages and failures are in
tests/unit/adapters/test_ssm_keyring.py.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chalicelib.adapters.file_keyring import FileKeyring
from chalicelib.adapters.ssm_keyring import SsmKeyring
from chalicelib.domain.errors import NotFound, StoreUnavailable
from chalicelib.operations.ports import Keyring
from tests.contract.codebuild_house import REGION
from tests.contract.ssm_house import PATH, moto_parameters, stage
from tests.fakes.keyring import FakeKeyring

TOKEN = secrets.token_urlsafe(16)
DIGEST = hashlib.sha256(TOKEN.encode()).hexdigest()


def _random() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


def _document() -> dict[str, Any]:
    return {
        "secrets": [{"id": "new", "secret": _random()}, {"id": "old", "secret": _random()}],
        "pepper": _random(),
        "operators": [DIGEST],
        "hetzner_token": "made-up",
    }


def _written(folder: Path, document: Any) -> Path:
    (folder / "new").write_text(json.dumps(document))
    return (folder / "new").replace(folder / "keyring")


@pytest.fixture(params=["fake", "file", "ssm"])
def keyring(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Keyring]:
    """One keyring after the other."""
    if request.param == "fake":
        yield FakeKeyring(TOKEN)
    elif request.param == "file":
        yield FileKeyring(_written(tmp_path, _document()))
    else:
        with moto_parameters(**stage(_document())):
            yield SsmKeyring(PATH, region=REGION)


def test_the_newest_secret_is_there(keyring: Keyring) -> None:
    """The newest id leads to a secret of 32 bytes, the same each time."""
    secret = keyring.secret(keyring.newest())
    assert len(secret) == 32
    assert keyring.secret(keyring.newest()) == secret


def test_a_secret_that_is_gone_is_not_found(keyring: Keyring) -> None:
    """An id that was thrown away is NotFound, not another secret."""
    with pytest.raises(NotFound):
        keyring.secret("thrown-away")


def test_the_pepper_is_none_of_the_secrets(keyring: Keyring) -> None:
    """Pepper and secrets are different things."""
    assert len(keyring.pepper()) == 32
    assert keyring.pepper() != keyring.secret(keyring.newest())


def test_operators_are_known_by_digests_alone(keyring: Keyring) -> None:
    """What is kept of an operator's token is its SHA-256 in hex."""
    assert keyring.operators() == frozenset({DIGEST})


def test_another_look_finds_the_same(keyring: Keyring) -> None:
    """Asking anew changes nothing where nothing has changed; fakes need no second look."""
    before = keyring.newest()
    assert not getattr(keyring, "refresh", bool)()
    assert keyring.newest() == before


def test_file_is_read_again_when_it_changes(tmp_path: Path) -> None:
    """A rotation needs no restart: new secret, new token, another provider token."""
    first = _document()
    keyring = FileKeyring(_written(tmp_path, first))
    assert (keyring.newest(), keyring.hetzner_token()) == ("new", "made-up")
    newer = {"id": "newer", "secret": _random()}
    _written(tmp_path, {**first, "secrets": [newer, *first["secrets"]], "hetzner_token": "rotated"})
    assert (keyring.newest(), keyring.hetzner_token()) == ("newer", "rotated")
    assert keyring.secret("old") == base64.b64decode(first["secrets"][1]["secret"])


@pytest.mark.parametrize("content", ["", "{}", "[]", "null", '{"secrets": [], "pepper": "", "operators": []}', "\xff"])
def test_a_file_that_is_no_keyring_is_unavailable(content: str, tmp_path: Path) -> None:
    """Nonsense in the file is StoreUnavailable, and the message quotes none of it."""
    (tmp_path / "keyring").write_bytes(content.encode("latin-1"))
    with pytest.raises(StoreUnavailable, match="cannot be read"):
        FileKeyring(tmp_path / "keyring").newest()


def test_a_missing_file_is_unavailable(tmp_path: Path) -> None:
    """Without a file there are no secrets."""
    with pytest.raises(StoreUnavailable):
        FileKeyring(tmp_path / "keyring").pepper()


def test_secrets_do_not_show(tmp_path: Path) -> None:
    """Printing a keyring that was read shows no secret."""
    document = _document()
    keyring = FileKeyring(_written(tmp_path, document))
    keyring.newest()
    shown = repr(vars(keyring))
    assert document["hetzner_token"] not in shown
    assert repr(base64.b64decode(document["pepper"])) not in shown


def test_fake_rotates_and_forgets() -> None:
    """The fake keeps older secrets until they are thrown away."""
    keyring = FakeKeyring()
    old = keyring.newest()
    assert keyring.rotate() == keyring.newest() != old
    assert keyring.secret(old) != keyring.secret(keyring.newest())
    keyring.throw_away(old)
    with pytest.raises(NotFound):
        keyring.secret(old)

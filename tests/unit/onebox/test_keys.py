"""The secrets of a first start, and what later starts do with them."""

from __future__ import annotations

import hashlib
from pathlib import Path

from chalicelib.adapters.file_keyring import FileKeyring
from onebox.home import Home
from onebox.keys import keep_keys


def _home(folder: Path) -> Home:
    home = Home(path=folder)
    home.make()
    return home


def test_first_start_makes_a_keyring_the_product_can_read(tmp_path: Path) -> None:
    """Secret, pepper, the operator's digest and a provider token are there, for the owner alone."""
    home = _home(tmp_path)
    keys = keep_keys(home, None)
    keyring = FileKeyring(home.keyring)
    assert len(keyring.secret(keyring.newest())) == len(keyring.pepper()) == 32
    assert keyring.operators() == {hashlib.sha256(keys.operator_token.encode()).hexdigest()}
    assert keyring.hetzner_token() == keys.hetzner_token != ""
    assert home.keyring.stat().st_mode & 0o077 == home.operator_token.stat().st_mode & 0o077 == 0


def test_later_starts_keep_everything(tmp_path: Path) -> None:
    """Tokens that were given out stay good."""
    home = _home(tmp_path)
    first = keep_keys(home, None)
    before = home.keyring.read_bytes()
    assert keep_keys(home, None) == first
    assert home.keyring.read_bytes() == before


def test_a_real_token_is_taken_over_at_every_start(tmp_path: Path) -> None:
    """The provider's token follows what the start was given; the rest of the keyring stays."""
    home = _home(tmp_path)
    keep_keys(home, "first")
    newest = FileKeyring(home.keyring).newest()
    assert keep_keys(home, "second").hetzner_token == FileKeyring(home.keyring).hetzner_token() == "second"
    assert FileKeyring(home.keyring).newest() == newest


def test_printing_keys_shows_none(tmp_path: Path) -> None:
    """No secret is in the text of the value."""
    keys = keep_keys(_home(tmp_path), None)
    assert keys.operator_token not in repr(keys)
    assert keys.hetzner_token not in repr(keys)

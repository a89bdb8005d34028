"""The secrets that a first start makes and later starts keep: the keyring's and the operator's token.

The keyring's shape is `chalicelib/adapters/file_keyring.py`'s. The provider's token in it follows what this start was
given; for the emulator one is made up and kept.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

from onebox.home import Home
from onebox.whole_file import replace_file


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """What the supervisor needs to know of the secrets."""

    operator_token: str = field(repr=False)
    hetzner_token: str = field(repr=False)


def keep_keys(home: Home, real_token: str | None) -> Keys:
    """Make what is missing, keep what is there; ValueError or KeyError when the keyring is damaged."""
    operator = _operator_token(home)
    document = _keyring(home)
    wanted = {
        **document,
        "operators": _with_digest(document["operators"], operator),
        "hetzner_token": real_token or document["hetzner_token"] or secrets.token_hex(32),
    }
    if wanted != document:
        replace_file(home.keyring, json.dumps(wanted, indent=2) + "\n")
    return Keys(operator_token=operator, hetzner_token=wanted["hetzner_token"])


def _operator_token(home: Home) -> str:
    if not home.operator_token.exists():
        replace_file(home.operator_token, f"ccc_operator_{secrets.token_urlsafe(32)}\n")
    return home.operator_token.read_text(encoding="utf-8").strip()


def _keyring(home: Home) -> dict[str, Any]:
    if not home.keyring.exists():
        return {
            "secrets": [{"id": secrets.token_hex(4), "secret": _random()}],
            "pepper": _random(),
            "operators": [],
            "hetzner_token": "",
        }
    document: dict[str, Any] = json.loads(home.keyring.read_text(encoding="utf-8"))
    return document


def _random() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


def _with_digest(known: list[str], token: str) -> list[str]:
    digest = hashlib.sha256(token.encode()).hexdigest()
    return known if digest in known else [*known, digest]

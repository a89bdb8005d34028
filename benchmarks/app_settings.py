"""The environment `app.py` reads, with everything in one folder, and a keyring whose secrets are made for the run."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from pathlib import Path

OPERATOR = f"ccc_operator_{secrets.token_urlsafe(32)}"
"""The token of an operator, of this run alone."""


def settings(folder: Path) -> dict[str, str]:
    """The variables; the keyring is written. No provider can be reached under them."""
    keyring = folder / "keyring"
    keyring.write_text(json.dumps(_keyring()), encoding="utf-8")
    return {
        "CCC_STORE": f"sqlite://{folder}/ccc.db",
        "CCC_MAIL": f"maildir://{folder}/mail",
        "CCC_MAIL_FROM": "box@example.org",
        "CCC_BUILDER": f"process://{folder}/supervisor.sock",
        "CCC_KEYRING": f"file://{keyring}",
        "CCC_HETZNER_ENDPOINT": "http://127.0.0.1:9/v1",
        "CCC_PUBLIC_URL": "http://localhost:8000",
        "CCC_CLOCK": "system:",
        "CCC_NUDGE": "thread:",
        "CCC_TYPES": "cx23,cpx22",
        "CCC_LOCATIONS": "nbg1,hel1",
        "CCC_MAX_LIVE": "50",
        "CCC_MAX_MONTHLY_EUR": "500",
    }


def _keyring() -> dict[str, object]:
    return {
        "secrets": [{"id": "k1", "secret": _random()}],
        "pepper": _random(),
        "operators": [hashlib.sha256(OPERATOR.encode()).hexdigest()],
        "hetzner_token": secrets.token_hex(32),
    }


def _random() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()

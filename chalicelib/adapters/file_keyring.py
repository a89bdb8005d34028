"""The stack's secrets in one private JSON file, as the `Keyring` port; what others gave us to log in lives beside them.

The shape is that of `storage/keyring.py` with "hetzner_token" and "smtp_password" beside it; the last is there where a
mail server wants a login. The file is read again when it has changed, so that a rotation needs no restart. Nothing here
writes it: the first start of one box does, and the operator.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chalicelib.domain.errors import StoreUnavailable
from chalicelib.storage.keyring import Secrets, secrets_in

Stamp = tuple[int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Contents:
    secrets: Secrets
    hetzner_token: str = field(repr=False)
    smtp_password: str = field(repr=False)


class FileKeyring:
    """The keyring in the file at `path`; StoreUnavailable when it cannot be read or is not one."""

    def __init__(self, path: Path | str) -> None:
        self._path = Path(path)
        self._read: tuple[Stamp, _Contents] | None = None

    def newest(self) -> str:
        """The id of the secret that new rows are made with."""
        return self._contents().secrets.newest

    def secret(self, secret_id: str) -> bytes:
        """A stack secret by its id; NotFound when it has been thrown away."""
        return self._contents().secrets.secret(secret_id)

    def pepper(self) -> bytes:
        """The pepper, which never rotates."""
        return self._contents().secrets.pepper

    def operators(self) -> frozenset[str]:
        """SHA-256 digests (hex) of the tokens that operators hold."""
        return self._contents().secrets.operators

    def hetzner_token(self) -> str:
        """The provider's API token as it stands in the file now."""
        return self._contents().hetzner_token

    def smtp_password(self) -> str:
        """The password for the mail server as it stands in the file now; empty when there is none."""
        return self._contents().smtp_password

    def refresh(self) -> bool:
        """Nothing to do: a file that has changed is read at the next question. False: nothing was read anew."""
        return False

    def _contents(self) -> _Contents:
        try:
            status = self._path.stat()
            stamp = (status.st_mtime_ns, status.st_ino, status.st_size)
            read = self._read
            if read is None or read[0] != stamp:
                read = (stamp, _parsed(json.loads(self._path.read_text(encoding="utf-8"))))
                self._read = read
        except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
            # The cause is named by its kind alone: its text could quote the file.
            raise StoreUnavailable(f"The keyring cannot be read ({type(error).__name__}).") from None
        return read[1]


def _parsed(document: Any) -> _Contents:
    return _Contents(
        secrets=secrets_in(document),
        hetzner_token=str(document.get("hetzner_token", "")),
        smtp_password=str(document.get("smtp_password", "")),
    )

"""The stack's secrets in SSM parameters beneath one path, as the `Keyring` port; what else a stage is told lies beside.

`keyring` holds the document of `storage/keyring.py`, `hetzner_token` and `smtp_password` what others gave us to log in,
`public_url` where people reach the service. All are read with one request and kept for minutes (`aws/parameters.py`);
a secret that is not known makes it read once more at once, since it may be minutes old, and so may whoever has
been refused with a token (`refresh`). Nothing here writes: the deployment's tools do.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable

from chalicelib.aws.parameters import Reading, SsmParameters
from chalicelib.domain.errors import NotFound, StoreUnavailable
from chalicelib.storage.keyring import Secrets, secrets_in


class SsmKeyring:
    """The keyring beneath `path` (`/ccc/prod`); StoreUnavailable when it cannot be read or is none."""

    def __init__(self, path: str, *, region: str | None = None, now: Callable[[], float] = time.monotonic) -> None:
        self._path = path.rstrip("/")
        self._parameters = SsmParameters(path, region=region, now=now)
        self._parsed: tuple[Reading, Secrets] | None = None

    def newest(self) -> str:
        """The id of the secret that new rows are made with."""
        return self._secrets().newest

    def secret(self, secret_id: str) -> bytes:
        """A stack secret by its id, also one that is minutes old; NotFound when it has been thrown away."""
        try:
            return self._secrets().secret(secret_id)
        except NotFound:
            if not self.refresh():
                raise
        return self._secrets().secret(secret_id)

    def pepper(self) -> bytes:
        """The pepper, which never rotates."""
        return self._secrets().pepper

    def operators(self) -> frozenset[str]:
        """SHA-256 digests (hex) of the tokens that operators hold."""
        return self._secrets().operators

    def hetzner_token(self) -> str:
        """The provider's API token as it was read last."""
        return self._value("hetzner_token")

    def smtp_password(self) -> str:
        """The password for the mail server as it was read last; empty when there is none."""
        return self._parameters.reading().values.get("smtp_password", "")

    def public_url(self) -> str:
        """Where people reach the service, as it was read last; empty while nobody has written it. StoreUnavailable."""
        return self._public_url() or (self._public_url() if self.refresh() else "")

    def refresh(self) -> bool:
        """Read anew, at most twice a minute; whether anything is different now. StoreUnavailable."""
        return self._parameters.again()

    def _public_url(self) -> str:
        return self._parameters.reading().values.get("public_url", "").strip()

    def _value(self, name: str) -> str:
        value = self._parameters.reading().values.get(name, "").strip()
        if not value:
            raise StoreUnavailable(f"SSM has no parameter {self._path}/{name}: it is written when a stage is deployed.")
        return value

    def _secrets(self) -> Secrets:
        reading, parsed = self._parameters.reading(), self._parsed
        if parsed is None or parsed[0] is not reading:
            parsed = (reading, self._read())
            self._parsed = parsed
        return parsed[1]

    def _read(self) -> Secrets:
        try:
            return secrets_in(json.loads(self._value("keyring")))
        except (ValueError, KeyError, TypeError, IndexError) as error:
            # The cause is named by its kind alone: its text could quote the document.
            raise StoreUnavailable(f"{self._path}/keyring cannot be read ({type(error).__name__}).") from None

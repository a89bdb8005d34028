"""A keyring with made-up secrets, the same in every run; nothing in it is secret."""

from __future__ import annotations

import hashlib

from chalicelib.domain.errors import NotFound


class FakeKeyring:
    """Secrets `k1`, `k2`, … (the last is the newest); `operator_tokens` are what operators hold."""

    def __init__(self, *operator_tokens: str) -> None:
        self._secrets = {"k1": _secret("k1")}
        self._newest = "k1"
        self._operators = frozenset(hashlib.sha256(token.encode()).hexdigest() for token in operator_tokens)
        self._errors: list[Exception] = []

    def newest(self) -> str:
        """The id of the secret that new rows are made with."""
        self._fail()
        return self._newest

    def secret(self, secret_id: str) -> bytes:
        """A stack secret by its id; NotFound when it has been thrown away."""
        self._fail()
        if secret_id not in self._secrets:
            raise NotFound("The secret this was made with has been thrown away.")
        return self._secrets[secret_id]

    def pepper(self) -> bytes:
        """The pepper, which never rotates."""
        self._fail()
        return _secret("pepper")

    def operators(self) -> frozenset[str]:
        """SHA-256 digests (hex) of the tokens that operators hold."""
        self._fail()
        return self._operators

    def rotate(self) -> str:
        """Make a newer secret and return its id; the older ones stay."""
        self._newest = f"k{len(self._secrets) + 1}"
        self._secrets[self._newest] = _secret(self._newest)
        return self._newest

    def throw_away(self, secret_id: str) -> None:
        """Forget a secret."""
        del self._secrets[secret_id]

    def fail_next(self, error: Exception) -> None:
        """Let the next look fail."""
        self._errors.append(error)

    def _fail(self) -> None:
        if self._errors:
            raise self._errors.pop(0)


def _secret(name: str) -> bytes:
    return hashlib.sha256(f"made up: {name}".encode()).digest()

"""The keyring's document and its changes, pure: what is made, put in front, taken out. It knows no store.

The shape is that of `chalicelib/storage/keyring.py`. The pepper is made once and never changed: idempotency keys,
quotas and exclusions are computed with it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from chalicelib.storage.keyring import secrets_in
from operate.failure import OperateFailed

SECRET_BYTES = 32
ID_BYTES = 4
NAME_DIGITS = 8
"""An operator is named by the first digits of the token's digest, as in the audit."""

Random = Callable[[int], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyring:
    """`secrets` are pairs of id and base64, the newest first; `operators` are SHA-256 digests, the newest first."""

    secrets: tuple[tuple[str, str], ...] = field(repr=False)
    pepper: str = field(repr=False)
    operators: tuple[str, ...]

    @property
    def ids(self) -> tuple[str, ...]:
        """The secrets' ids, the newest first."""
        return tuple(each for each, _ in self.secrets)

    @property
    def names(self) -> tuple[str, ...]:
        """The operators' short names, the newest first."""
        return tuple(each[:NAME_DIGITS] for each in self.operators)

    def text(self) -> str:
        """The document as it is stored."""
        listed = [{"id": each, "secret": secret} for each, secret in self.secrets]
        return json.dumps({"secrets": listed, "pepper": self.pepper, "operators": list(self.operators)})


def parsed(text: str) -> Keyring:
    """The keyring in a document; OperateFailed when it is none. The message quotes nothing of it."""
    try:
        document = json.loads(text)
        secrets_in(document)
        listed = tuple((str(each["id"]), str(each["secret"])) for each in document["secrets"])
    except (ValueError, KeyError, TypeError, IndexError) as error:
        said = f"The stored keyring cannot be read ({type(error).__name__}); it is left as it is."
        raise OperateFailed(said, "docs/operating.md, 'The keyring is damaged or lost'") from None
    return Keyring(
        secrets=listed, pepper=str(document["pepper"]), operators=tuple(str(each) for each in document["operators"])
    )


def new(random: Random = secrets.token_bytes) -> Keyring:
    """A keyring with one secret and a pepper, and no operator."""
    first = (random(ID_BYTES).hex(), _base64(random))
    return Keyring(secrets=(first,), pepper=_base64(random), operators=())


def with_secret(keyring: Keyring, random: Random = secrets.token_bytes) -> Keyring:
    """The keyring with a new secret in front: new rows are made with it, old ones keep theirs."""
    return replace(keyring, secrets=((random(ID_BYTES).hex(), _base64(random)), *keyring.secrets))


def with_operator(keyring: Keyring, token: str) -> Keyring:
    """The keyring that lets the holder of this token operate, beside those before."""
    return replace(keyring, operators=(hashlib.sha256(token.encode()).hexdigest(), *keyring.operators))


def operator_token() -> str:
    """A new operator's token."""
    return f"ccc_operator_{secrets.token_urlsafe(SECRET_BYTES)}"


def without_secret(keyring: Keyring, secret_id: str) -> Keyring:
    """The keyring without an old secret; OperateFailed for the newest, with which rows are made now."""
    if secret_id == keyring.ids[0]:
        raise OperateFailed(
            f"{secret_id} is the newest secret: new rows are made with it.", "make secrets ROTATE=keyring"
        )
    return replace(keyring, secrets=tuple(each for each in keyring.secrets if each[0] != secret_id))


def without_operator(keyring: Keyring, name: str) -> Keyring:
    """The keyring without an operator, by the short name; OperateFailed for the last one."""
    left = tuple(each for each in keyring.operators if each[:NAME_DIGITS] != name)
    if not left:
        raise OperateFailed(f"{name} is the only operator.", "make secrets ROTATE=operator")
    return replace(keyring, operators=left)


def _base64(random: Random) -> str:
    return base64.b64encode(random(SECRET_BYTES)).decode()

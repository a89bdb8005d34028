"""The form in which a stack's secrets are kept, wherever that is: one JSON document.

`{"secrets": [{"id", "secret"}, …newest first], "pepper", "operators": [SHA-256 hex]}`, secrets and pepper in base64.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from chalicelib.domain.errors import NotFound


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """What is in the document; printing it shows no secret."""

    newest: str
    by_id: Mapping[str, bytes] = field(repr=False)
    pepper: bytes = field(repr=False)
    operators: frozenset[str]

    def secret(self, secret_id: str) -> bytes:
        """A stack secret by its id; NotFound when it has been thrown away."""
        if secret_id not in self.by_id:
            raise NotFound("The secret this was made with has been thrown away.")
        return self.by_id[secret_id]


def secrets_in(document: Any) -> Secrets:
    """What a document holds; ValueError, KeyError, TypeError or IndexError when it is none of ours."""
    return Secrets(
        newest=str(document["secrets"][0]["id"]),
        by_id={str(one["id"]): base64.b64decode(one["secret"], validate=True) for one in document["secrets"]},
        pepper=base64.b64decode(document["pepper"], validate=True),
        operators=frozenset(str(one) for one in document["operators"]),
    )

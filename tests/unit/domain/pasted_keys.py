"""Keys that a test pastes, and the sentence of a refusal."""

from __future__ import annotations

import base64

import pytest

from chalicelib.domain.errors import InvalidInput
from chalicelib.domain.ssh_key import SshPublicKey
from tests.unit.domain import ssh_wire

GOOD = ssh_wire.ed25519_line(ssh_wire.ed25519_point())
OTHER = ssh_wire.ed25519_line(ssh_wire.ed25519_point())
ENCODED = GOOD.split()[1]
GOOD_BLOB = base64.b64decode(ENCODED)
MODULUS = 2**3072 - 1
"""Odd and of 3072 bits: the parser does not look for factors, so no key has to be made."""


def refusal(text: object) -> str:
    """Parse what must not parse, and return the sentence."""
    with pytest.raises(InvalidInput) as caught:
        SshPublicKey.parse(text)
    assert set(caught.value.fields) == {"ssh_public_key"}
    return caught.value.fields["ssh_public_key"]

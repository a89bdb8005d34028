"""The secrets of one row: derived from the stack secret the row was made with, never stored."""

from __future__ import annotations

from chalicelib.domain import tokens
from chalicelib.domain.build import KeyPair
from chalicelib.domain.instance import Instance
from chalicelib.operations.services import Services


def token(services: Services, row: Instance, purpose: tokens.Purpose, serial: int = 0) -> str:
    """The row's token of one purpose; `serial` is an attempt number for the builder's tokens."""
    return tokens.token(services.keyring.secret(row.secret_id), purpose, row.id, serial)


def manage_token(services: Services, row: Instance) -> str:
    """The token that its owner holds; raising the row's serial kills the earlier ones."""
    return token(services, row, tokens.Purpose.MANAGE, row.manage_serial)


def key_pair(services: Services, row: Instance, use: tokens.KeyUse) -> KeyPair:
    """One of the row's three ed25519 keys; the same at every attempt."""
    return services.identities.key_pair(tokens.seed(services.keyring.secret(row.secret_id), use, row.id))

"""The first form of a row: what every new instance has, however it came to be asked for."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from chalicelib.domain import email, tokens
from chalicelib.domain.instance import Hold, Instance, Status, Wish
from chalicelib.domain.ssh_key import SshPublicKey
from chalicelib.operations.services import Services


def owner_of(services: Services, address: email.EmailAddress) -> str:
    """The key under which an address, in whatever spelling, is counted."""
    return tokens.owner_key(services.keyring.pepper(), email.quota_form(address))


def wished(
    services: Services,
    instance_id: str,
    *,
    address: email.EmailAddress,
    ssh_key: SshPublicKey,
    wish: Wish,
    request_hash: str,
    now: datetime,
) -> Instance:
    """A stranger's wish: nothing is reserved, and nothing happens before it is confirmed (rule R24)."""
    return Instance(
        id=instance_id,
        status=Status.UNCONFIRMED,
        status_since=now,
        created_at=now,
        due_at=now,
        email=address.value,
        owner=owner_of(services, address),
        ssh_public_key=ssh_key.line(f"cc-{instance_id}"),
        wish=wish,
        by_operator=False,
        request_hash=request_hash,
        secret_id=services.keyring.newest(),
    )


def ordered(
    services: Services,
    instance_id: str,
    *,
    address: email.EmailAddress,
    ssh_key: SshPublicKey,
    wish: Wish,
    request_hash: str,
    hold: Hold,
    by_operator: bool,
    now: datetime,
) -> Instance:
    """An order: written with what it reserves, and worked on at once."""
    wish_row = wished(
        services, instance_id, address=address, ssh_key=ssh_key, wish=wish, request_hash=request_hash, now=now
    )
    return replace(wish_row, status=Status.REQUESTED, requested_at=now, by_operator=by_operator, holds=(hold,))

"""Order an instance as an operator: checked, reserved and written in one transaction; the rest is `advance`'s work.

With an Idempotency-Key the id is derived from it, so that the same request twice is one row and one answer.
"""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.domain import email, tokens
from chalicelib.domain.errors import KeyReused, WriteConflict
from chalicelib.domain.instance import Instance, Wish
from chalicelib.domain.ssh_key import SshPublicKey
from chalicelib.operations import secrets_of, suppression
from chalicelib.operations.affordable import affordable, reservation
from chalicelib.operations.new_row import ordered
from chalicelib.operations.save import save
from chalicelib.operations.services import Services


@dataclass(frozen=True, slots=True, kw_only=True)
class Provisioned:
    """The instance and the token that manages it; `replayed` when it had been ordered before under the same key."""

    instance: Instance
    manage_token: str
    replayed: bool


def provision(
    services: Services,
    *,
    email: email.EmailAddress,
    ssh_key: SshPublicKey,
    wish: Wish,
    idempotency_key: str | None,
    request_hash: str,
) -> Provisioned:
    """Order an instance; InvalidInput, OutOfStock, LimitReached, Paused or KeyReused when it cannot be."""
    now = services.clock.now()
    instance_id = _instance_id(services, idempotency_key, email)
    if idempotency_key is not None and (known := _known(services, instance_id, request_hash)) is not None:
        return known
    choices = affordable(services, wish, now)
    row = ordered(
        services,
        instance_id,
        address=email,
        ssh_key=ssh_key,
        wish=wish,
        request_hash=request_hash,
        hold=reservation(services, wish, choices, now),
        by_operator=True,
        now=now,
    )
    try:
        stored = save(services, row, before=None)
    except WriteConflict:
        known = _known(services, instance_id, request_hash)
        if known is None:
            raise
        return known
    suppression.lift(services, email)
    services.nudge.advance(stored.id)
    return Provisioned(instance=stored, manage_token=secrets_of.manage_token(services, stored), replayed=False)


def _instance_id(services: Services, idempotency_key: str | None, address: email.EmailAddress) -> str:
    if idempotency_key is None:
        return services.ids.new()[:12]
    return tokens.instance_id_for(services.keyring.pepper(), idempotency_key, address.value)


def _known(services: Services, instance_id: str, request_hash: str) -> Provisioned | None:
    row = services.instances.get(instance_id)
    if row is None:
        return None
    if row.request_hash != request_hash:
        raise KeyReused("This Idempotency-Key was used before with another request. Use a new key.")
    return Provisioned(instance=row, manage_token=secrets_of.manage_token(services, row), replayed=True)

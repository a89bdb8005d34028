"""Order an instance as an operator: checked, reserved and written in one transaction; the rest is `advance`'s work.

With an Idempotency-Key the id is derived from it, so that the same request twice is one row and one answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from chalicelib.domain import budget, catalogue, email, lease, tokens
from chalicelib.domain.errors import (
    InvalidInput,
    KeyReused,
    LimitReached,
    OutOfStock,
    Paused,
    StoreUnavailable,
    WriteConflict,
)
from chalicelib.domain.instance import Choice, Instance, Status, Wish
from chalicelib.domain.ssh_key import SshPublicKey
from chalicelib.operations import marker, secrets_of
from chalicelib.operations.save import save
from chalicelib.operations.services import Services
from chalicelib.operations.stages.creating import creates_key


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
    row = _row(services, instance_id, email, ssh_key, wish, request_hash, choices, now)
    try:
        stored = save(services, row, before=None)
    except WriteConflict:
        known = _known(services, instance_id, request_hash)
        if known is None:
            raise
        return known
    services.nudge.advance(stored.id)
    return Provisioned(instance=stored, manage_token=secrets_of.manage_token(services, stored), replayed=False)


def affordable(services: Services, wish: Wish, now: datetime) -> tuple[Choice, ...]:
    """What may be bought for a wish at this moment, in order; raises what stands in the way."""
    limits = services.limits
    if not 1 <= wish.hours <= limits.max_hours:
        raise InvalidInput({"hours": f"Give whole hours from 1 to {limits.max_hours}."})
    if marker.require_stack(services).paused:
        raise Paused("The operator has switched new machines off for the moment.")
    market = services.catalogue.market()
    if market is None:
        raise StoreUnavailable("The list of server types has not been read yet. Try again in a minute.")
    catalogue.check_wish(market, limits, wish)
    choices = catalogue.candidates(market, limits, wish, services.catalogue.refused(now))
    if not choices:
        what = wish.server_type or "No server type of this service"
        where = f" in {wish.location}" if wish.location else ""
        raise OutOfStock(f"{what}{where} is not in stock now. The list of types shows what can be had.")
    _check_creates(services, now)
    return choices


def _check_creates(services: Services, now: datetime) -> None:
    """Refuse early what `creating` would only make wait: the hour's creations are used up."""
    key, cap = creates_key(now), services.limits.max_creates_per_hour
    if services.instances.counters([key])[key] >= cap:
        raise LimitReached(
            f"The service makes at most {cap} machines an hour. Try again later.", limit="creates", left=0
        )


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


def _row(
    services: Services,
    instance_id: str,
    address: email.EmailAddress,
    ssh_key: SshPublicKey,
    wish: Wish,
    request_hash: str,
    choices: tuple[Choice, ...],
    now: datetime,
) -> Instance:
    hours = lease.most_paid_hours(wish.hours, services.limits.rounding)
    return Instance(
        id=instance_id,
        status=Status.REQUESTED,
        status_since=now,
        created_at=now,
        requested_at=now,
        due_at=now,
        email=address.value,
        owner=tokens.owner_key(services.keyring.pepper(), email.quota_form(address)),
        ssh_public_key=ssh_key.line(f"cc-{instance_id}"),
        wish=wish,
        by_operator=True,
        request_hash=request_hash,
        secret_id=services.keyring.newest(),
        holds=(budget.hold(now, catalogue.dearest(choices), hours),),
    )

"""What strangers do in a world: sign up, read the confirmation mail, say yes, and wait for their machine."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from chalicelib.domain.email import EmailAddress
from chalicelib.domain.instance import Instance, Wish
from chalicelib.domain.tokens import Purpose
from chalicelib.operations import secrets_of
from chalicelib.operations.confirm import Confirmed, confirm
from chalicelib.operations.save import quota_key
from chalicelib.operations.sign_up import sign_up
from tests.unit.domain.samples import MINUTE
from tests.unit.operations.world import SSH_KEY, World

ANNA = "anna@example.com"
HOME = "192.0.2.7"


def signed_up(
    world: World,
    address: str = ANNA,
    *,
    hours: int = 1,
    source: str = HOME,
    key: str | None = None,
    body: str = "hash",
    **wish: Any,
) -> Instance:
    """What the signup of somebody at this source is answered."""
    return sign_up(
        world.services,
        email=EmailAddress(value=address),
        ssh_key=SSH_KEY,
        wish=Wish(hours=hours, **wish),
        source_ip=source,
        idempotency_key=key,
        request_hash=body,
    )


def asked(world: World, address: str = ANNA, **wish: Any) -> Instance:
    """A wish whose mail has left."""
    wished = signed_up(world, address, **wish)
    world.follow_nudges()
    return world.row(wished.id)


def confirm_token(world: World, instance_id: str) -> str:
    """What the link of the confirmation mail carries."""
    return secrets_of.token(world.services, world.row(instance_id), Purpose.CONFIRM)


def said_yes(world: World, instance_id: str) -> Confirmed:
    """The link of the confirmation mail is followed, and its button pressed."""
    return confirm(world.services, instance_id, confirm_token(world, instance_id))


def confirmed(world: World, address: str = ANNA, **wish: Any) -> Instance:
    """An instance that was asked for and confirmed, and on which nothing has been done yet."""
    return said_yes(world, asked(world, address, **wish).id).instance


def guests_machine(world: World, address: str = ANNA, after: timedelta = 4 * MINUTE, **wish: Any) -> Instance:
    """A machine that a guest asked for and that runs."""
    row = confirmed(world, address, **wish)
    world.follow_nudges()
    world.clock.advance(after)
    world.build(row.id)
    world.follow_nudges()
    return world.row(row.id)


def quota(world: World, row: Instance) -> int:
    """What the owner of this row is counted to have."""
    key = quota_key(row.owner)
    return world.services.instances.counters([key])[key]

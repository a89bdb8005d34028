"""Who may do what: the operator's token opens everything, an instance's manage token that instance alone.

An unknown id, a foreign id and a wrong token give the same NotFound (no oracle).
"""

from __future__ import annotations

from chalicelib.domain import labels, tokens
from chalicelib.domain.errors import NotFound
from chalicelib.domain.instance import Instance
from chalicelib.operations import secrets_of
from chalicelib.operations.services import Services


def unknown() -> NotFound:
    """The one answer for what does not exist and for what is not yours."""
    return NotFound("There is no such instance, or this token does not open it.")


def is_operator(services: Services, *, token: str) -> bool:
    """Whether a token is one of the operators'."""
    given = tokens.digest(token)
    found = [digest for digest in services.keyring.operators() if tokens.matches(given, digest)]
    return bool(found)


def owner(services: Services, instance_id: str, *, token: str) -> Instance:
    """The instance that a manage token opens; NotFound for everything else."""
    row = existing(services, instance_id)
    if not tokens.matches(token, secrets_of.manage_token(services, row)):
        raise unknown()
    return row


def existing(services: Services, instance_id: str) -> Instance:
    """The instance of an id; NotFound without a look at the table when it cannot be one."""
    row = services.instances.get(instance_id) if labels.INSTANCE_ID.fullmatch(instance_id) else None
    if row is None:
        raise unknown()
    return row

"""Try a failed instance again: a new instance with the same wishes, for the same owner.

Its id is derived from the failed one's, so that asking twice makes one. It reserves like any other order; what failed
reserves nothing any more.
"""

from __future__ import annotations

from chalicelib.domain import tokens
from chalicelib.domain.email import EmailAddress
from chalicelib.domain.errors import NotFailed, WriteConflict
from chalicelib.domain.instance import EndReason, Instance, Status
from chalicelib.domain.ssh_key import SshPublicKey
from chalicelib.operations import exclusion, secrets_of
from chalicelib.operations.admission import require_admission
from chalicelib.operations.affordable import affordable, reservation
from chalicelib.operations.authorise import existing
from chalicelib.operations.new_row import ordered
from chalicelib.operations.provision import Provisioned
from chalicelib.operations.save import save
from chalicelib.operations.services import Services


def retry(services: Services, instance_id: str) -> Provisioned:
    """The instance in the failed one's place; NotFound, NotFailed, SignupClosed, LimitReached, OutOfStock, Paused."""
    failed = existing(services, instance_id)
    if failed.status is not Status.FAILED:
        raise NotFailed(_why_not(failed))
    again_id = tokens.retry_id_for(services.keyring.pepper(), failed.id)
    if (known := services.instances.get(again_id)) is not None:
        return _repeated(services, known)
    try:
        stored = save(services, _again(services, failed, again_id), before=None)
    except WriteConflict:
        return _repeated(services, existing(services, again_id))
    services.nudge.advance(stored.id)
    return _answer(services, stored, replayed=False)


def _why_not(row: Instance) -> str:
    if row.status is Status.DELETING and row.end_reason is EndReason.FAILED:
        return "What is left of the failed attempt is being removed. Try again in a minute."
    return "This instance has not failed, so there is nothing to try again."


def _again(services: Services, failed: Instance, again_id: str) -> Instance:
    now, address = services.clock.now(), EmailAddress(value=failed.email)
    if not failed.by_operator:
        require_admission(services, address)
    elif exclusion.is_excluded(services, address):  # whoever holds the link of an operator's order is a guest too
        raise exclusion.closed()
    choices = affordable(services, failed.wish, now)
    return ordered(
        services,
        again_id,
        address=address,
        ssh_key=SshPublicKey.parse(failed.ssh_public_key),
        wish=failed.wish,
        request_hash=failed.request_hash,
        hold=reservation(services, failed.wish, choices, now),
        by_operator=failed.by_operator,
        now=now,
    )


def _repeated(services: Services, again: Instance) -> Provisioned:
    """The same answer, unless the new instance has been given a new token since: that one is not for this caller."""
    if again.manage_serial > 0:
        raise NotFailed(f"This was tried again already, as {again.name}. The mails about it have its link.")
    return _answer(services, again, replayed=True)


def _answer(services: Services, row: Instance, *, replayed: bool) -> Provisioned:
    return Provisioned(instance=row, manage_token=secrets_of.manage_token(services, row), replayed=replayed)

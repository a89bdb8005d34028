"""Hand a build's order to the one builder that claims it: a one-time code, bound to the builder's own nonce.

The same nonce may ask again, so that a lost reply does no harm; another nonce is refused.

The first question of an attempt, before there is a machine, is written into the row: a machine is bought on it and on
nothing else, since a job that its platform calls running may end before it does anything (`stages/requested.py`).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from chalicelib.domain import lifecycle, tokens
from chalicelib.domain.build import INSTALL_AT_MOST, BuildOrder, BuildRecord
from chalicelib.domain.errors import BuildOver, NotFound, Superseded, TooEarly, WriteConflict
from chalicelib.domain.instance import Instance, Machine, Status
from chalicelib.operations import secrets_of
from chalicelib.operations.authorise import existing
from chalicelib.operations.refused_builder import refused_builder
from chalicelib.operations.save import save
from chalicelib.operations.services import Services

MAX_TRIES = 8
ASK_AGAIN_SECONDS = 1
BEFORE_MACHINE = frozenset({Status.UNCONFIRMED, Status.REQUESTED, Status.CREATING})


def claim_build(services: Services, instance_id: str, *, attempt: int, claim_code: str, nonce: str) -> BuildOrder:
    """The order; NotFound for a wrong code, TooEarly before the address is known, Superseded, BuildOver."""
    for _ in range(MAX_TRIES):
        row = _claimed_row(services, instance_id, attempt, claim_code)
        try:
            return _answer(services, row, attempt, nonce)
        except WriteConflict:
            continue
    raise WriteConflict("Too many others are changing this instance. Try again.")


def _answer(services: Services, row: Instance, attempt: int, nonce: str) -> BuildOrder:
    """The order, on the row as it was read; WriteConflict when somebody has changed it since."""
    machine = _machine(services, row, attempt)
    record = services.instances.get_build(row.id, attempt)
    if record is None:
        return _order(services, _claimed(services, row, attempt, nonce), machine, attempt)
    if record.nonce != nonce:
        raise Superseded("Another builder has claimed this attempt.")
    return _order(services, row, machine, attempt)


def _claimed_row(services: Services, instance_id: str, attempt: int, claim_code: str) -> Instance:
    """The row that the code opens; whoever has another code is counted."""
    try:
        row = existing(services, instance_id)
    except NotFound as none:
        raise refused_builder(services, instance_id, attempt, what="claim") from none
    if not tokens.matches(claim_code, secrets_of.token(services, row, tokens.Purpose.CLAIM, attempt)):
        raise refused_builder(services, instance_id, attempt, what="claim")
    return row


def _claimed(services: Services, row: Instance, attempt: int, nonce: str) -> Instance:
    """The claim and the row are one write, so that an attempt given up as unclaimed cannot be claimed any more."""
    now = services.clock.now()
    record = BuildRecord(instance_id=row.id, attempt=attempt, nonce=nonce, claimed_at=now)
    claimed = replace(row, first_claimed_at=row.first_claimed_at or now)
    return save(services, claimed, before=row, build=(None, record))


def _machine(services: Services, row: Instance, attempt: int) -> Machine:
    """The machine to install, if this attempt is the one to do it."""
    if row.terminal or row.status is Status.DELETING:
        raise BuildOver("This instance is ending.")
    newest = row.build.attempt if row.build is not None else 0
    stopped = row.build is not None and row.build.attempt == attempt and row.build.stopped
    if attempt < newest or stopped or row.status is Status.RUNNING:
        raise Superseded("This attempt is not the newest any more.")
    if attempt > newest or row.machine is None or row.status in BEFORE_MACHINE:
        _note_question(services, row, attempt)
        raise TooEarly("The server is not there yet.", retry_after=ASK_AGAIN_SECONDS)
    return row.machine


def _note_question(services: Services, row: Instance, attempt: int) -> None:
    """A builder that asks is one that runs: written once, since it asks every second, and looked at now.

    Should the word to look be lost, its next question says it again, for as long as nobody has looked.
    """
    build, now = row.build, services.clock.now()
    if row.status is not Status.REQUESTED or build is None or build.attempt != attempt:
        return
    if build.asked_at is None:
        save(services, replace(row, build=replace(build, asked_at=now), due_at=now), before=row)
    elif not _is_overlooked(row, now):
        return
    services.nudge.advance(row.id)


def _is_overlooked(row: Instance, now: datetime) -> bool:
    """Whether a row is due and in nobody's hands."""
    held = row.lease_until is not None and row.lease_until > now
    return row.due_at is not None and row.due_at <= now and not held


def _order(services: Services, row: Instance, machine: Machine, attempt: int) -> BuildOrder:
    return BuildOrder(
        instance_id=row.id,
        attempt=attempt,
        address=machine.ip,
        ssh_port=services.ssh_port,
        bootstrap_host_key=secrets_of.key_pair(services, row, tokens.KeyUse.BOOTSTRAP_HOST).public,
        install_key=secrets_of.key_pair(services, row, tokens.KeyUse.INSTALL),
        final_host_key=secrets_of.key_pair(services, row, tokens.KeyUse.FINAL_HOST),
        authorized_key=row.ssh_public_key,
        record=_record_on_machine(services, row, machine),
        deadline=lifecycle.deadline(row) or row.status_since + INSTALL_AT_MOST,
        build_token=secrets_of.token(services, row, tokens.Purpose.BUILD, attempt),
    )


def _record_on_machine(services: Services, row: Instance, machine: Machine) -> dict[str, object]:
    """What becomes `instance.json` on the machine; its box token only reads the end (and extends where allowed)."""
    return {
        "instance_id": row.id,
        "user_ssh_key": row.ssh_public_key,
        "ipv6_network": machine.ipv6_network,
        "api_url": services.public_url,
        "box_token": secrets_of.token(services, row, tokens.Purpose.BOX),
    }

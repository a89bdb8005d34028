"""Record what the mail service tells of letters that have left: a bounce for good, or a complaint (fault M9).

The address is not written to again for a while (`suppression.py`), as it was written to. The instance whose letter it
was owes no reminders any more (invariant 23): they would not arrive, or not be wanted. What comes twice, late or in
another order changes nothing more. How the service words it is not known here: `api/mail_feedback.py` reads it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from chalicelib.domain import notice
from chalicelib.domain.email import EmailAddress
from chalicelib.domain.errors import CccError, UnknownSchema, WriteConflict
from chalicelib.domain.instance import Instance, Status
from chalicelib.operations import suppression
from chalicelib.operations.save import save
from chalicelib.operations.services import Services

MAX_TRIES = 8
REMINDERS = (notice.Kind.ENDING, notice.Kind.EXTENDED)

_log = logging.getLogger("ccc.mail")


class Verdict(StrEnum):
    """What became of a letter."""

    BOUNCED = "bounced"
    COMPLAINED = "complained"


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """One letter's fate: the address it was written to, and the instance it spoke of where the service knows that."""

    verdict: Verdict
    address: EmailAddress
    instance_id: str | None = None


class FeedbackFailed(CccError):
    """Part of a batch was not recorded; the rest was. Whoever delivers may deliver all of it again."""

    code = "feedback_failed"


def record_feedback(services: Services, feedback: Iterable[Feedback]) -> int:
    """Record each; the number of letters recorded. FeedbackFailed at the end if anything failed."""
    failed: list[str] = []
    recorded = 0
    for each in feedback:
        try:
            _record(services, each)
            recorded += 1
        except Exception as error:  # noqa: BLE001 -- one letter's failure must not keep the others from being recorded
            _log.exception("mail.feedback_failed", extra={"fields": {"instance_id": each.instance_id}})
            failed.append(type(error).__name__)
    if failed:
        raise FeedbackFailed("; ".join(failed[:20]), errors=len(failed))
    return recorded


def _record(services: Services, feedback: Feedback) -> None:
    suppression.suppress(services, feedback.address)
    fields = {"instance_id": feedback.instance_id}
    _log.warning(f"mail.{feedback.verdict}", extra={"fields": fields})
    if feedback.instance_id is None:
        return
    try:
        stopped = _stop_reminders(services, feedback.instance_id, feedback.address)
    except UnknownSchema:  # a row of another release is left alone; its letters are stopped by the suppression
        return
    if stopped:
        services.alarms.raise_alarm(
            "mail.undeliverable", instance_id=feedback.instance_id, notice="reminders", why=feedback.verdict.value
        )


def _stop_reminders(services: Services, instance_id: str, address: EmailAddress) -> bool:
    """Drop what is not sent yet; whether a guest with a machine is warned no more, which an operator should know."""
    for _ in range(MAX_TRIES):
        row = services.instances.get(instance_id)
        if row is None or row.email.lower() != address.value.lower():
            return False
        dropped = notice.drop(row.notices, *REMINDERS)
        if dropped == row.notices:
            return False
        try:
            save(services, replace(row, notices=dropped), before=row)
        except WriteConflict:
            continue
        return _has_machine(row)
    raise WriteConflict(f"Too many others are changing {instance_id}.", key=instance_id)


def _has_machine(row: Instance) -> bool:
    return row.status is Status.RUNNING

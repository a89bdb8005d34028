"""The mails a row owes: claim the attempt, send, record (rule R19): never more than two copies of one notice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.domain import notice
from chalicelib.domain.errors import MailRefused, MailUnknown
from chalicelib.domain.instance import Instance, Status
from chalicelib.domain.notice import Notice, State
from chalicelib.operations import secrets_of
from chalicelib.operations.ports import Letter
from chalicelib.operations.services import Services
from chalicelib.operations.step import Change, Step

ENDING = frozenset({Status.DELETING, Status.DELETED, Status.FAILED})
LONGEST_BACKOFF = timedelta(hours=6)
MOST_DOUBLINGS = 10


def step(services: Services, row: Instance, now: datetime) -> Step:
    """Send the one notice that is due first; no change when none is."""
    due = next((owed for owed in notice.owed(row.notices) if owed.due_at <= now), None)
    if due is None:
        return Step()
    if notice.is_stale(due, expires_at=row.expires_at, ending=row.status in ENDING, now=now):
        return Step(change=_becomes(due, state=State.DROPPED))
    if due.attempts >= notice.MAX_ATTEMPTS:
        services.alarms.raise_alarm("mail.unconfirmed", instance_id=row.id, notice=due.kind)
        return Step(change=_becomes(due, state=State.UNCONFIRMED))
    try:
        letter = services.letters.render(row, replace(due, due_at=now), secrets_of.manage_token(services, row))
    except Exception as error:  # noqa: BLE001 - a letter that cannot be written must not hold up the row (M11)
        services.alarms.raise_alarm(
            "mail.not_rendered", instance_id=row.id, notice=due.kind, error=type(error).__name__
        )
        return Step(change=_refused(due, now))
    return _claimed(services, due, letter, now)


def _claimed(services: Services, due: Notice, letter: Letter, now: datetime) -> Step:
    """The attempt is counted before the mail leaves; a crash from here on leaves an unknown outcome.

    Between our look and the write an extend may have dropped the notice: then it is not claimed, and nothing is sent.
    """
    claimed = replace(due, attempts=due.attempts + 1, due_at=now + notice.RETRY_AFTER_UNKNOWN)
    return Step(
        change=lambda it: replace(it, notices=notice.update(it.notices, claimed)) if due in it.notices else it,
        then=_sender(services, claimed, letter),
    )


def _sender(services: Services, claimed: Notice, letter: Letter) -> Callable[[Instance], Step]:
    def send(stored: Instance) -> Step:
        if claimed not in stored.notices:
            return Step(again=True)
        try:
            services.mailer.send(letter)
        except MailRefused:
            known = replace(claimed, attempts=claimed.attempts - 1)
            return Step(change=_refused(known, services.clock.now()))
        except MailUnknown:
            return Step()
        return Step(change=_becomes(claimed, state=State.SENT))

    return send


def _refused(due: Notice, now: datetime) -> Change:
    # the exponent is bounded because a timedelta is: a mailer that is down for weeks must not make the row raise
    backoff = min(notice.RETRY_AFTER_REFUSAL * 2 ** min(due.refusals, MOST_DOUBLINGS), LONGEST_BACKOFF)
    return _becomes(due, refusals=due.refusals + 1, due_at=now + backoff, attempts=due.attempts)


def _becomes(due: Notice, **changes: object) -> Change:
    changed = replace(due, **changes)  # type: ignore[arg-type]  # a plain mapping of the notice's own fields
    return lambda it: replace(it, notices=notice.update(it.notices, changed))

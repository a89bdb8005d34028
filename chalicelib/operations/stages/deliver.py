"""The mails a row owes: claim the attempt, send, record (rule R19): never more than two copies of one notice."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.domain import notice, tokens
from chalicelib.domain.email import EmailAddress
from chalicelib.domain.errors import AddressRefused, MailRefused, MailUnknown
from chalicelib.domain.instance import Instance, Status
from chalicelib.domain.notice import Kind, Notice, State
from chalicelib.operations import clocks, secrets_of, suppression
from chalicelib.operations.ports import Letter
from chalicelib.operations.services import Services
from chalicelib.operations.step import Change, Step

ENDING = frozenset({Status.DELETING, Status.DELETED, Status.FAILED})
LONGEST_BACKOFF = timedelta(hours=6)
MOST_DOUBLINGS = 10

_log = logging.getLogger("ccc.mail")


def step(services: Services, row: Instance, now: datetime) -> Step:
    """Send the one notice that is due first; no change when none is."""
    due = next((owed for owed in notice.owed(row.notices) if owed.due_at <= now), None)
    if due is None or not _is_its_time(services, due, now):
        return Step()
    ending, confirmed = row.status in ENDING, row.status is not Status.UNCONFIRMED
    stale = notice.is_stale(due, expires_at=row.expires_at, ending=ending, confirmed=confirmed, now=now)
    if stale or notice.is_overtaken(due, row.notices, now):
        return Step(change=_becomes(due, state=State.DROPPED))
    if suppression.is_suppressed(services, EmailAddress(value=row.email)):
        return _undeliverable(services, row, due)
    if due.attempts >= notice.MAX_ATTEMPTS:
        services.alarms.raise_alarm("mail.unconfirmed", instance_id=row.id, notice=due.kind)
        return Step(change=_becomes(due, state=State.UNCONFIRMED))
    try:
        letter = services.letters.render(row, replace(due, due_at=now), _token(services, row, due))
    except Exception as error:  # noqa: BLE001 - a letter that cannot be written must not hold up the row (M11)
        services.alarms.raise_alarm(
            "mail.not_rendered", instance_id=row.id, notice=due.kind, error=type(error).__name__
        )
        return Step(change=_refused(due, now))
    return _claimed(services, row, due, letter, now)


def _is_its_time(services: Services, due: Notice, now: datetime) -> bool:
    """A warning tells of a time, so it is not sent on the word of our clock alone; any other letter is sent at once."""
    return due.kind is not Kind.ENDING or clocks.over(services, due.due_at, now, unheard=True)


def _token(services: Services, row: Instance, due: Notice) -> str:
    """What the letter's link carries."""
    if due.kind is Kind.CONFIRM:
        return secrets_of.token(services, row, tokens.Purpose.CONFIRM)
    return secrets_of.manage_token(services, row)


def _claimed(services: Services, row: Instance, due: Notice, letter: Letter, now: datetime) -> Step:
    """The attempt is counted before the mail leaves; a crash from here on leaves an unknown outcome.

    Between our look and the write an extend may have dropped the notice, or a new manage token killed the one in the
    letter: then it is not claimed, and nothing is sent.
    """
    claimed = replace(due, attempts=due.attempts + 1, due_at=now + notice.RETRY_AFTER_UNKNOWN)

    def claim(it: Instance) -> Instance:
        good = due in it.notices and it.manage_serial == row.manage_serial
        return replace(it, notices=notice.update(it.notices, claimed)) if good else it

    return Step(change=claim, then=_sender(services, claimed, letter))


def _sender(services: Services, claimed: Notice, letter: Letter) -> Callable[[Instance], Step]:
    def send(stored: Instance) -> Step:
        if claimed not in stored.notices:
            return Step(again=True)
        try:
            services.mailer.send(letter)
        except AddressRefused as refusal:
            fields = {"instance_id": stored.id, "notice": claimed.kind, "why": refusal.message}
            _log.warning("mail.address_refused", extra={"fields": fields})
            suppression.suppress(services, EmailAddress(value=stored.email))
            return _undeliverable(services, stored, claimed)
        except MailRefused as refusal:
            fields = {"instance_id": stored.id, "notice": claimed.kind, "why": refusal.message}
            _log.warning("mail.refused", extra={"fields": fields})
            known = replace(claimed, attempts=claimed.attempts - 1)
            return Step(change=_refused(known, services.clock.now()))
        except MailUnknown as doubt:
            fields = {"instance_id": stored.id, "notice": claimed.kind, "why": doubt.message}
            _log.warning("mail.unknown", extra={"fields": fields})
            return Step()
        _log.info("mail.sent", extra={"fields": {"instance_id": stored.id, "notice": claimed.kind}})
        return Step(change=_becomes(claimed, state=State.SENT))

    return send


def _undeliverable(services: Services, row: Instance, due: Notice) -> Step:
    # An invented address is no news to the operator; a guest with a machine whom nobody can warn is.
    if row.status is not Status.UNCONFIRMED:
        services.alarms.raise_alarm("mail.undeliverable", instance_id=row.id, notice=due.kind)
    _log.warning("mail.undeliverable", extra={"fields": {"instance_id": row.id, "notice": due.kind}})
    return Step(change=_becomes(due, state=State.UNDELIVERABLE))


def _refused(due: Notice, now: datetime) -> Change:
    # the exponent is bounded because a timedelta is: a mailer that is down for weeks must not make the row raise
    backoff = min(notice.RETRY_AFTER_REFUSAL * 2 ** min(due.refusals, MOST_DOUBLINGS), LONGEST_BACKOFF)
    return _becomes(due, refusals=due.refusals + 1, due_at=now + backoff, attempts=due.attempts)


def _becomes(due: Notice, **changes: object) -> Change:
    changed = replace(due, **changes)  # type: ignore[arg-type]  # a plain mapping of the notice's own fields
    return lambda it: replace(it, notices=notice.update(it.notices, changed))

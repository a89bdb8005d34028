"""SES v2's SendEmail, for raw messages: they are delivered into a maildir, where this machine's mailbox shows them.

Addresses of SES's mailbox simulator (`bounce@simulator.amazonses.com`, also with `+label`) are told of as SES does: by
an event to the function that takes feedback, if the request names a configuration set. `POST /_onebox/ses/feedback`
tells such an event for any address, `POST /_onebox/ses/faults` orders a fault.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import getaddresses, parseaddr
from pathlib import Path
from typing import Any

from chalicelib.adapters.maildir_mailer import MaildirMailer
from chalicelib.domain.errors import MailRefused
from chalicelib.operations.ports import Letter
from onebox.aws.feedback import KINDS, feedback_event
from onebox.aws.model_check import checked
from onebox.aws.orders import Orders
from onebox.aws.wire import Asked, Reply, as_rest_json, document_of
from onebox.codebuild.refusal import Refusal

PATH = "/v2/email/outbound-emails"
FEEDBACK = "/_onebox/ses/feedback"
FAULTS = "/_onebox/ses/faults"
MOST_BYTES = 40 * 1024 * 1024
MOST_RECIPIENTS = 50

_BAD = "BadRequestException"
_SIMULATOR = re.compile(r"(bounce|ooto|complaint|suppressionlist)(?:\+[^@]*)?@simulator\.amazonses\.com", re.IGNORECASE)
_SIMULATED = {"bounce": "bounce", "ooto": "transient", "complaint": "complaint", "suppressionlist": "bounce"}


class Ses:
    """Delivers into the maildir at `mails`; `tell` carries an event to the function that takes feedback."""

    def __init__(self, mails: Path, tell: Callable[[dict[str, Any]], None]) -> None:
        self._maildir = MaildirMailer(mails)
        self._tell = tell
        self._orders = Orders()

    def takes(self, asked: Asked) -> bool:
        """By the path."""
        return asked.path in {PATH, FEEDBACK, FAULTS}

    def answer(self, asked: Asked) -> Reply:
        """The answer; Refusal."""
        if asked.method != "POST":
            raise Refusal("UnknownOperationException", "Only POST is known here.", 404)
        body = document_of(asked.body)
        if asked.path == FAULTS:
            self._orders.take(body)
            return Reply.of({})
        return Reply.of(self._feedback(body) if asked.path == FEEDBACK else self.send(body))

    def refused(self, refusal: Refusal) -> Reply:
        """The protocol is rest-json."""
        return as_rest_json(refusal)

    def send(self, body: dict[str, Any]) -> dict[str, Any]:
        """SendEmail."""
        self._orders.before("SendEmail")
        given = checked("sesv2", "SendEmail", body, _BAD)
        raw = given["Content"].get("Raw", {}).get("Data")
        if raw is None:
            raise Refusal(_BAD, "This stand-in sends raw messages only.")
        message = message_from_bytes(raw, EmailMessage, policy=policy.default)
        recipients = _recipients(given, message)
        _check(given, raw, message, recipients)
        message_id = f"{uuid.uuid4().hex[:16]}-{uuid.uuid4()}-000000"
        self._deliver(raw, message, recipients)
        if given.get("ConfigurationSetName"):
            self._simulate(recipients, {each["Name"]: each["Value"] for each in given.get("EmailTags", [])})
        self._orders.after("SendEmail")
        return {"MessageId": message_id}

    def _deliver(self, raw: bytes, message: EmailMessage, recipients: Sequence[str]) -> None:
        """Deliver as one box does; a disk without room is a fault of this side, and nothing of the letter is left."""
        sender, known_as = str(message["From"]), str(message["Message-ID"])
        try:
            self._maildir.send(Letter(sender=sender, to=recipients[0], message_id=known_as, message=raw))
        except MailRefused as error:
            raise Refusal("InternalFailure", str(error), 500) from error

    def _simulate(self, recipients: Sequence[str], tags: Mapping[str, str]) -> None:
        for address in recipients:
            match = _SIMULATOR.fullmatch(address)
            if match is not None:
                self._tell(feedback_event(_SIMULATED[match[1].lower()], [address], tags))

    def _feedback(self, body: Mapping[str, Any]) -> dict[str, Any]:
        kind, address = body.get("kind"), body.get("address")
        if kind not in KINDS or not isinstance(address, str):
            raise Refusal(_BAD, f'Send {{"kind": one of {sorted(KINDS)}, "address": …, "tags": {{}}}}.')
        self._tell(feedback_event(kind, [address], dict(body.get("tags") or {})))
        return {}


def _recipients(given: Mapping[str, Any], message: EmailMessage) -> list[str]:
    """Those of the request; without any, those that the message names."""
    named = given.get("Destination", {})
    asked = [one for kind in ("ToAddresses", "CcAddresses", "BccAddresses") for one in named.get(kind, [])]
    headers = [str(value) for kind in ("To", "Cc", "Bcc") for value in message.get_all(kind, [])]
    return [address for _, address in getaddresses(asked or headers)]


def _check(given: Mapping[str, Any], raw: bytes, message: EmailMessage, recipients: Sequence[str]) -> None:
    """Refusal for what SES does not send."""
    if len(raw) > MOST_BYTES:
        raise Refusal(_BAD, f"Message length is more than {MOST_BYTES} bytes long.")
    if not recipients or len(recipients) > MOST_RECIPIENTS:
        raise Refusal(_BAD, f"Recipient count is not from 1 to {MOST_RECIPIENTS}.")
    if any("@" not in one for one in recipients):
        raise Refusal(_BAD, "Illegal address")
    if message["From"] is None and not given.get("FromEmailAddress"):
        raise Refusal(_BAD, "Missing required header 'From'.")
    if "@" not in parseaddr(given.get("FromEmailAddress") or str(message["From"]))[1]:
        raise Refusal(_BAD, "Missing final '@domain'")

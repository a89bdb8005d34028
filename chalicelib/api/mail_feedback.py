"""What SES tells of letters that have left, as SNS hands it to Lambda, read into values for `record_feedback`.

SES's event publishing is one JSON document a record (`eventType`, `mail`, and a part named after the event):
https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html. A letter of ours has one
recipient, `mail.destination`: that is the address as it was written to, while a bounce names whoever sent it back. The
tag `ccc-instance` says whose letter it was. Whatever is of another kind, or cannot be read, is counted and left.
"""

from __future__ import annotations

import json
import logging
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

from chalicelib.domain.email import parse_email
from chalicelib.domain.errors import InvalidInput
from chalicelib.operations.record_feedback import Feedback, Verdict, record_feedback
from chalicelib.operations.services import Services

_ID = re.compile(r"[0-9a-f]{12}")
_KNOWN = frozenset(
    {
        "Bounce", "Click", "Complaint", "Delivery", "DeliveryDelay", "Open", "Reject", "Rendering Failure", "Send",
        "Subscription",
    }
)  # fmt: skip
_log = logging.getLogger("ccc.mail")


def mail_feedback(services: Services, event: object) -> None:
    """Record a batch of SNS records; FeedbackFailed when part of what could be read was not recorded."""
    found: list[Feedback] = []
    counted: Counter[str] = Counter()
    for record in _records(event):
        what = _read(record)
        if isinstance(what, Feedback):
            found.append(what)
            counted[what.verdict.value] += 1
        else:
            counted[what] += 1
    _log.info("mail.feedback", extra={"fields": dict(counted)})
    record_feedback(services, found)


def _records(event: object) -> list[Any]:
    records = event.get("Records") if isinstance(event, Mapping) else None
    return records if isinstance(records, list) else [event]


def _read(record: Any) -> Feedback | str:
    """What a record tells, or why it is left: `ignored` (nothing to do), `foreign` (not ours), `malformed`."""
    try:
        document = json.loads(record["Sns"]["Message"])
        kind = str(document["eventType"])
        if kind not in _KNOWN:
            return "foreign"
        verdict = _verdict(kind, document)
        return "ignored" if verdict is None else _feedback(verdict, document["mail"])
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError, InvalidInput):
        return "malformed"


def _verdict(kind: str, document: Mapping[str, Any]) -> Verdict | None:
    """A bounce that is not permanent may pass, and "not spam" is the opposite of a complaint."""
    if kind == "Bounce" and document["bounce"]["bounceType"] == "Permanent":
        return Verdict.BOUNCED
    if kind == "Complaint" and document["complaint"].get("complaintFeedbackType") != "not-spam":
        return Verdict.COMPLAINED
    return None


def _feedback(verdict: Verdict, mail: Mapping[str, Any]) -> Feedback | str:
    if len(mail["destination"]) != 1:
        return "foreign"
    named = [value for value in mail.get("tags", {}).get("ccc-instance", []) if _ID.fullmatch(value)]
    address = parse_email(mail["destination"][0])
    return Feedback(verdict=verdict, address=address, instance_id=named[0] if named else None)

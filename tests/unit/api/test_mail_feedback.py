"""What SES tells by SNS: which events are recorded, for whom, and that nothing that is sent can break the handler."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.api.mail_feedback import mail_feedback
from chalicelib.domain.email import EmailAddress
from chalicelib.domain.errors import StoreUnavailable
from chalicelib.operations.record_feedback import FeedbackFailed
from chalicelib.operations.suppression import is_suppressed
from tests.fakes.memory_table import MemoryTable
from tests.fakes.services import fake_services

TO = "Guest@example.com"
ID = "0123456789ab"


@pytest.fixture
def counted(caplog: pytest.LogCaptureFixture) -> Iterator[list[dict[str, Any]]]:
    """The counts that the log was told, one for each batch; filled in when it is looked at."""
    log, found = logging.getLogger("ccc.mail"), list[dict[str, Any]]()

    class Counts(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.getMessage() == "mail.feedback":
                found.append(record.__dict__["fields"])

    handler = Counts()
    log.addHandler(handler)
    with caplog.at_level(logging.INFO, "ccc.mail"):
        yield found
    log.removeHandler(handler)


def mail(**changes: Any) -> dict[str, Any]:
    """What an event says of the letter; the tags are as SES gives them back, its own among ours."""
    tags = {"ses:configuration-set": ["ccc-prod"], "ccc-instance": [ID], "ccc-notice": ["ready"]}
    told = {"timestamp": "2026-11-23T10:00:00.000Z", "messageId": "0107", "destination": [TO], "tags": tags}
    return {**told, "source": "cloud@example.org", "commonHeaders": {"to": [TO], "subject": "x"}, **changes}


def bounced(kind: str = "Permanent", **changes: Any) -> dict[str, Any]:
    """A bounce, as whoever the mail was forwarded to has sent it back."""
    bounce = {
        "bounceType": kind,
        "bounceSubType": "General",
        "bouncedRecipients": [{"emailAddress": "forwarded@example.net", "action": "failed", "status": "5.1.1"}],
        "timestamp": "2026-11-23T10:00:01.000Z",
        "feedbackId": "0107",
    }
    return {"eventType": "Bounce", "bounce": bounce, "mail": mail(**changes)}


def complained(kind: str | None = "abuse") -> dict[str, Any]:
    """A complaint; many mail services do not say of what kind."""
    complaint: dict[str, Any] = {"complainedRecipients": [{"emailAddress": TO}], "feedbackId": "0107"}
    return {"eventType": "Complaint", "complaint": complaint | ({"complaintFeedbackType": kind} if kind else {})} | {
        "mail": mail()
    }


def records(*messages: Any) -> dict[str, Any]:
    """A batch as SNS hands it to Lambda; a message that is no text is sent as JSON."""
    texts = [message if isinstance(message, str) else json.dumps(message) for message in messages]
    sns = [{"Type": "Notification", "MessageId": str(n), "Message": text} for n, text in enumerate(texts)]
    return {"Records": [{"EventSource": "aws:sns", "EventVersion": "1.0", "Sns": each} for each in sns]}


@pytest.mark.parametrize("message", [bounced(), complained(), complained("fraud"), complained(None)])
def test_m09_a_bounce_for_good_and_a_complaint_suppress_the_address(
    message: dict[str, Any], counted: list[dict[str, Any]]
) -> None:
    """The address as it was written to, not the one that sent the mail back."""
    services = fake_services()
    mail_feedback(services, records(message))
    assert is_suppressed(services, EmailAddress(value=TO))
    assert not is_suppressed(services, EmailAddress(value="forwarded@example.net"))
    assert sum(counted[0].values()) == 1
    assert set(counted[0]) < {"bounced", "complained"}


@pytest.mark.parametrize(
    ("message", "why"),
    [
        (bounced("Transient"), "ignored"),
        (bounced("Undetermined"), "ignored"),
        (complained("not-spam"), "ignored"),
        ({"eventType": "Delivery", "delivery": {"recipients": [TO]}, "mail": mail()}, "ignored"),
        ({"eventType": "DeliveryDelay", "deliveryDelay": {"delayType": "MailboxFull"}, "mail": mail()}, "ignored"),
        ({"eventType": "Reject", "reject": {"reason": "Bad content"}, "mail": mail()}, "ignored"),
        ({"eventType": "Send", "send": {}, "mail": mail()}, "ignored"),
        ({"eventType": "Rendering Failure", "failure": {}, "mail": mail()}, "ignored"),
        ({"eventType": "Something New", "mail": mail()}, "foreign"),
        (bounced(destination=[TO, "second@example.com"]), "foreign"),
        (bounced(destination=[]), "foreign"),
        ("Successfully validated SNS topic for Amazon SES event publishing.", "malformed"),
        ("", "malformed"),
        ("[" * 100_000, "malformed"),
        ([], "malformed"),
        ("null", "malformed"),
        ({"eventType": "Bounce"}, "malformed"),
        ({"eventType": "Bounce", "bounce": [], "mail": mail()}, "malformed"),
        ({"eventType": ["Bounce"], "mail": mail()}, "foreign"),
        ({"eventType": "Bounce", "bounce": {"bounceType": "Permanent"}}, "malformed"),
        (bounced(destination=TO), "foreign"),
        (bounced(destination=[7]), "malformed"),
        (bounced(destination=["no address"]), "malformed"),
        (bounced(tags=[]), "malformed"),
        (bounced(tags={"ccc-instance": [7]}), "malformed"),
    ],
)
def test_whatever_else_is_sent_is_counted_and_left(message: Any, why: str, counted: list[dict[str, Any]]) -> None:
    """Other events, events of others and what is no event raise nothing and suppress nobody."""
    table = MemoryTable()
    services = fake_services(table=table)
    before = dict(table._counters)
    mail_feedback(services, records(message))
    assert counted == [{why: 1}]
    assert table._counters == before


@pytest.mark.parametrize(
    "event", [{}, {"Records": None}, {"Records": {}}, {"Records": [{}]}, {"Records": [None]}, [], None, "text"]
)
def test_an_event_of_another_service_breaks_nothing(event: Any, counted: list[dict[str, Any]]) -> None:
    """Whoever invokes the function by hand with nonsense finds it in the log."""
    mail_feedback(fake_services(), event)
    assert counted == [{"malformed": 1}]


@pytest.mark.parametrize("tags", [{}, {"ccc-instance": []}, {"ccc-instance": ["../../etc"]}, {"other": ["x"]}])
def test_a_letter_without_our_tag_still_suppresses_its_address(tags: dict[str, list[str]]) -> None:
    """The tag says whose reminders end; the address is in the event."""
    services = fake_services()
    mail_feedback(services, records(bounced(tags=tags)))
    assert is_suppressed(services, EmailAddress(value=TO))


def test_a_bad_record_does_not_keep_the_others(counted: list[dict[str, Any]]) -> None:
    """What can be read is recorded; only what could not be recorded raises, at the end."""
    services = fake_services()
    others = (bounced(destination=["first@example.com"]), "no event", bounced(destination=["last@example.com"]))
    mail_feedback(services, records(*others))
    assert counted == [{"bounced": 2, "malformed": 1}]
    for address in ("first@example.com", "last@example.com"):
        assert is_suppressed(services, EmailAddress(value=address))


def test_what_was_not_recorded_raises_after_the_rest() -> None:
    """The store failed for one of two: the other is recorded, and the batch is delivered again."""
    table = MemoryTable()
    services = fake_services(table=table)
    table.fail_next(StoreUnavailable("down"))
    event = records(bounced(destination=["first@example.com"]), bounced(destination=["last@example.com"]))
    with pytest.raises(FeedbackFailed):
        mail_feedback(services, event)
    assert is_suppressed(services, EmailAddress(value="last@example.com"))
    mail_feedback(services, event)
    assert is_suppressed(services, EmailAddress(value="first@example.com"))


def test_i26_the_counts_hold_no_address(counted: list[dict[str, Any]]) -> None:
    """What is logged of a batch is numbers (invariant 26)."""
    mail_feedback(fake_services(), records(bounced(), complained(), "nobody@example.com"))
    assert counted == [{"bounced": 1, "complained": 1, "malformed": 1}]

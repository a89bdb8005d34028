"""SES's answers, as AWS sends them, and what becomes of each: sent, refused for now or for good, or not known.

The wire is a stand-in whose requests are held against botocore's model. moto (5.2.5) is right about senders that are
not verified and about what a raw request sends, so one test asks it. It has none of the other refusals, no throttling,
no sandbox and no tags, and counts recipients twice that are in the envelope and in the header.
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import botocore.session  # type: ignore[import-untyped]  # botocore ships no types
import pytest
from moto import mock_aws
from moto.ses.models import ses_backends

from chalicelib.adapters.ses_mailer import PATIENCE, REST_SECONDS, SesMailer
from chalicelib.aws.client import AwsClient, Patience
from chalicelib.domain.errors import AddressRefused, MailRefused, MailUnknown
from chalicelib.operations.ports import Letter
from tests.contract.codebuild_answers import LOST, Answer, document
from tests.contract.codebuild_house import REGION, aws_settings
from tests.contract.rest_answers import RestAnswers, parameters, rest_answering, rest_refusal

TO, FROM = "guest@example.com", "cloud@example.org"
LETTER = Letter(
    sender=FROM,
    to=TO,
    message_id="<0123456789ab.ending-60-1795000000@example.org>",
    message=f"From: Cloud <{FROM}>\r\nTo: {TO}\r\nSubject: x\r\n\r\nhello\r\n".encode(),
)
ACCOUNT = "123456789012"
"""The one that moto takes us for."""

SENT = document(MessageId="0107")
SANDBOX = rest_refusal(
    "MessageRejected",
    f"Email address is not verified. The following identities failed the check in region EU-CENTRAL-1: {TO}",
)


class Desk:
    """A mailer at a stand-in, and a clock that stands still; `server` holds what was asked."""

    def __init__(self, server: RestAnswers, client: AwsClient) -> None:
        self.server = server
        self.seconds = 0.0
        self.mailer = SesMailer(REGION, "ccc-prod", now=lambda: self.seconds)
        self.mailer._ses = client

    def gets(self, *answers: Answer) -> SesMailer:
        """The mailer, which will get these answers."""
        self.server.prepared, self.server.asked = list(answers), []
        return self.mailer

    def asked(self) -> dict[str, Any]:
        """The parameters of the one request that was made."""
        (asked,) = self.server.asked
        assert asked.path == "/v2/email/outbound-emails"
        return parameters("sesv2", "SendEmail", asked.body)


@pytest.fixture(scope="module")
def place() -> Iterator[tuple[RestAnswers, AwsClient]]:
    """A server and a client of it, which takes longer to make than everything else here."""
    with rest_answering(SENT) as (server, url), aws_settings("SESV2", url):
        client = AwsClient("sesv2", Patience(read=0.3, tries=PATIENCE.tries), region=REGION)
        client.vendor()
        yield server, client


@pytest.fixture
def desk(place: tuple[RestAnswers, AwsClient]) -> Desk:
    """A mailer of its own at the shared stand-in."""
    return Desk(*place)


def test_a_letter_is_sent_raw_with_its_envelope_and_tags(desk: Desk) -> None:
    """Sender, recipient and message as they are; the tags say whose letter it was when SES tells of it later."""
    desk.gets(SENT).send(LETTER)
    assert desk.asked() == {
        "FromEmailAddress": FROM,
        "Destination": {"ToAddresses": [TO]},
        "Content": {"Raw": {"Data": LETTER.message}},
        "ConfigurationSetName": "ccc-prod",
        "EmailTags": [
            {"Name": "ccc-instance", "Value": "0123456789ab"},
            {"Name": "ccc-notice", "Value": "ending-60-1795000000"},
        ],
    }


def test_a_letter_that_names_no_instance_has_no_tags(desk: Desk) -> None:
    """Neither tags nor a configuration set are made up."""
    plain = SesMailer(REGION)
    plain._ses = desk.gets(SENT)._ses
    plain.send(replace(LETTER, message_id="<something@example.org>"))
    assert set(desk.asked()) == {"FromEmailAddress", "Destination", "Content"}


@pytest.mark.parametrize(
    "answer",
    [
        rest_refusal("TooManyRequestsException", "Too many requests", 429),
        rest_refusal("ThrottlingException", "Maximum sending rate exceeded."),
        rest_refusal("LimitExceededException", "Daily message quota exceeded."),
        rest_refusal("AccountSuspendedException", "Sending suspended"),
        rest_refusal("SendingPausedException", "Sending paused"),
        rest_refusal("MailFromDomainNotVerifiedException", "MAIL FROM"),
        rest_refusal("MessageRejected", "Message too large"),
        rest_refusal("NotFoundException", "Configuration set ccc-prod does not exist.", 404),
        rest_refusal("AccessDeniedException", f"not authorized to send from {FROM}", 403),
        rest_refusal("BadRequestException", "Missing final '@domain'"),
        rest_refusal("BadRequestException", f"Illegal address: {FROM}"),
        rest_refusal("BadRequestException", f"Illegal address in {FROM}, {TO}"),
    ],
)
def test_m05_a_known_refusal_sent_nothing(desk: Desk, answer: Answer) -> None:
    """Limits, throttling, pauses, what somebody must set up, and addresses that may be the sender's: MailRefused."""
    with pytest.raises(MailRefused) as caught:
        desk.gets(answer).send(LETTER)
    assert not isinstance(caught.value, AddressRefused)
    assert caught.value.data["code"] in str(caught.value)
    assert len(desk.server.asked) == 1


def test_m10_a_sandbox_is_the_operators_matter(desk: Desk) -> None:
    """A recipient who was not verified is no reason never to write to them: MailRefused, which is tried again."""
    with pytest.raises(MailRefused, match="MessageRejected") as caught:
        desk.gets(SANDBOX).send(LETTER)
    assert not isinstance(caught.value, AddressRefused)


@pytest.mark.parametrize(
    "answer",
    [
        rest_refusal("MessageRejected", "Address blacklisted."),
        rest_refusal("MessageRejected", "The address is on the suppression list for your account."),
        rest_refusal("BadRequestException", f"Illegal address: {TO}"),
        rest_refusal("BadRequestException", f"Domain contains dot-dot in <{TO}>"),
    ],
)
def test_m10_an_address_that_ses_will_not_write_to_is_refused_for_good(desk: Desk, answer: Answer) -> None:
    """A suppressed recipient, or one that SES says is no address: AddressRefused."""
    with pytest.raises(AddressRefused):
        desk.gets(answer).send(LETTER)


@pytest.mark.parametrize(
    "answer",
    [
        LOST,
        rest_refusal("InternalServiceErrorException", "", 500),
        Answer(status=503, body=b"<html></html>"),
        document(),
        document(MessageId=""),
    ],
    ids=["lost", "500", "503-html", "no-id", "empty-id"],
)
def test_m04_an_answer_that_tells_nothing_may_hide_a_letter(desk: Desk, answer: Answer) -> None:
    """A reply that was lost, a fault, an answer without an id: MailUnknown, and botocore does not try again."""
    with pytest.raises(MailUnknown):
        desk.gets(answer).send(LETTER)
    assert len(desk.server.asked) == 1


def test_an_answer_that_does_not_come_is_not_known() -> None:
    """SES took the request and says nothing in time: MailUnknown."""
    mailer = SesMailer(REGION)
    mailer._ses = AwsClient("sesv2", Patience(connect=1, read=0.1, tries=1), region=REGION)
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        with aws_settings("SESV2", url), pytest.raises(MailUnknown):
            mailer.send(LETTER)


def test_nobody_there_sent_nothing() -> None:
    """Without a connection nothing left: MailRefused."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        with aws_settings("SESV2", f"http://127.0.0.1:{closed.getsockname()[1]}"), pytest.raises(MailRefused):
            SesMailer(REGION).send(LETTER)


def test_without_credentials_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that may not ask sends nothing and says why."""
    with rest_answering(SENT) as (server, url), aws_settings("SESV2", url):
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
        with pytest.raises(MailRefused, match="NoCredentialsError"):
            SesMailer(REGION).send(LETTER)
    assert server.asked == []


def test_after_a_silence_letters_wait_a_minute(desk: Desk) -> None:
    """Rows behind a letter are not held up by a hundred time-outs; a refusal is no silence."""
    with pytest.raises(MailUnknown):
        desk.gets(LOST, SENT).send(LETTER)
    with pytest.raises(MailRefused, match="a moment ago"):
        desk.mailer.send(LETTER)
    assert len(desk.server.asked) == 1
    desk.seconds = REST_SECONDS
    desk.mailer.send(LETTER)
    with pytest.raises(MailRefused):
        desk.gets(rest_refusal("LimitExceededException"), SENT).send(LETTER)
    desk.mailer.send(LETTER)


@pytest.mark.parametrize("answer", [SANDBOX, rest_refusal("BadRequestException", f"Illegal address: {TO}"), LOST])
def test_i26_no_error_quotes_an_address(desk: Desk, answer: Answer, caplog: pytest.LogCaptureFixture) -> None:
    """Neither the sentence nor the data nor a log line has the guest's address (invariant 26)."""
    with caplog.at_level(logging.INFO), pytest.raises((MailRefused, MailUnknown)) as caught:
        desk.gets(answer).send(LETTER)
    assert TO not in f"{caught.value}{caught.value.data}{caught.value.__cause__}"
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("ccc")]
    assert TO not in str(ours)


def test_moto_sends_what_the_request_says() -> None:
    """With a verified sender moto's SES takes the letter, for this recipient, and without one it refuses it."""
    with aws_settings("SESV2", ""), mock_aws():
        mailer = SesMailer(REGION)
        with pytest.raises(MailRefused, match="MessageRejected"):
            mailer.send(LETTER)
        botocore.session.get_session().create_client("ses", REGION).verify_email_identity(EmailAddress=FROM)
        mailer.send(LETTER)
        (sent,) = ses_backends[ACCOUNT][REGION].sent_messages
    assert (sent.source, set(sent.destinations)) == (FROM, {TO})
    assert sent.raw_data.encode() == LETTER.message

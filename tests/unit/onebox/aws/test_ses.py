"""SES's stand-in, asked by botocore: delivery, what it refuses, ordered faults, and what it tells of bounces."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from mailbox import Maildir
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError  # type: ignore[import-untyped]  # botocore ships no types

from onebox.aws.ses import FAULTS, FEEDBACK, Ses
from onebox.aws.wire import Asked
from onebox.codebuild.refusal import Refusal
from tests.faults.full_disk import full_disk
from tests.unit.onebox.aws.clients import served

LETTER = b"From: box@example.org\r\nTo: guest@example.com\r\nSubject: Hello\r\n\r\nA line.\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A client, the service behind it, its maildir, and the events that it told."""

    client: Any
    ses: Ses
    mails: Path
    told: list[dict[str, Any]] = field(default_factory=list)

    def send(self, letter: bytes = LETTER, **more: Any) -> Any:
        """Send a raw letter."""
        return self.client.send_email(Content={"Raw": {"Data": letter}}, **more)

    def order(self, path: str, **document: Any) -> int:
        """An order at an address of the stand-in's own."""
        body = json.dumps(document).encode()
        return self.ses.answer(Asked(method="POST", path=path, headers={}, body=body)).status

    def letters(self) -> list[bytes]:
        """What has been delivered."""
        kept = Maildir(self.mails)
        return [kept.get_bytes(key) for key in kept.keys()]  # noqa: SIM118 -- a Maildir iterates over messages


@pytest.fixture
def post(tmp_path: Path) -> Iterator[Post]:
    """An SES that nobody has used."""
    told: list[dict[str, Any]] = []
    ses = Ses(tmp_path / "mail", told.append)
    with served("sesv2", ses) as client:
        yield Post(client=client, ses=ses, mails=tmp_path / "mail", told=told)


def test_a_raw_letter_is_delivered(post: Post) -> None:
    """The letter lies in the maildir as it was sent, with the line ends of this machine, and has an id."""
    assert post.send()["MessageId"]
    assert post.letters() == [LETTER.replace(b"\r\n", b"\n")]
    assert post.told == []


@pytest.mark.parametrize(
    ("letter", "more"),
    [
        (b"Subject: nobody\r\n\r\nx", {}),
        (b"To: guest@example.com\r\n\r\nx", {}),
        (b"From: box@example.org\r\nTo: nobody\r\n\r\nx", {}),
        (LETTER, {"Destination": {"ToAddresses": [f"g{n}@example.com" for n in range(51)]}}),
    ],
    ids=["no recipient", "no sender", "no address", "too many"],
)
def test_what_ses_does_not_send(post: Post, letter: bytes, more: dict[str, Any]) -> None:
    """Without recipients, without a sender, to no address or to too many: refused, and nothing is delivered."""
    with pytest.raises(post.client.exceptions.BadRequestException):
        post.send(letter, **more)
    assert post.letters() == []


def test_a_member_that_there_is_not_is_refused(post: Post) -> None:
    """A misspelt member is refused, where AWS would lose it without a word."""
    with pytest.raises(Refusal, match="unknown member Confguration"):
        post.ses.send({"Content": {"Raw": {"Data": "eA=="}}, "Confguration": "x"})


def test_ordered_faults_strike_as_often_as_ordered(post: Post) -> None:
    """A refusal delivers nothing; a lost answer is an error although the letter has left; then all is well again."""
    post.order(FAULTS, operation="SendEmail", code="TooManyRequestsException", status=429)
    with pytest.raises(post.client.exceptions.TooManyRequestsException):
        post.send()
    assert post.letters() == []
    post.order(FAULTS, operation="SendEmail", do="lose")
    with pytest.raises(ClientError) as lost:
        post.send()
    assert lost.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
    assert len(post.letters()) == 1
    post.send()
    assert len(post.letters()) == 2


def test_without_room_nothing_of_a_letter_lies_there(tmp_path: Path) -> None:
    """A disk that is full half-way is an error of SES's own, which may be tried again; no half of a letter is left."""
    mails, body = tmp_path / "mail", {"Content": {"Raw": {"Data": base64.b64encode(LETTER).decode()}}}
    ses = Ses(mails, lambda _: None)
    ses.send(body)
    with full_disk(), pytest.raises(Refusal) as refused:
        ses.send(body)
    assert (refused.value.code, refused.value.status) == ("InternalFailure", 500)
    assert len([path for path in mails.rglob("*") if path.is_file()]) == 1


@pytest.mark.parametrize(
    ("address", "kind"),
    [("bounce+x@simulator.amazonses.com", "Bounce"), ("complaint@simulator.amazonses.com", "Complaint")],
)
def test_the_mailbox_simulator_answers(post: Post, address: str, kind: str) -> None:
    """A letter to a simulator's address is followed by its event with the letter's tags, if a set is named."""
    letter = LETTER.replace(b"guest@example.com", address.encode())
    post.send(letter)
    assert post.told == []
    post.send(letter, ConfigurationSetName="ccc", EmailTags=[{"Name": "ccc-instance", "Value": "abc"}])
    (event,) = post.told
    message = json.loads(event["Records"][0]["Sns"]["Message"])
    assert (message["eventType"], message["mail"]["destination"]) == (kind, [address])
    assert message["mail"]["tags"] == {"ccc-instance": ["abc"]}


def test_feedback_can_be_ordered_for_any_address(post: Post) -> None:
    """An order tells of a bounce that goes away as SES does; one of an unknown kind is refused."""
    assert post.order(FEEDBACK, kind="transient", address="guest@example.com") == 200
    bounce = json.loads(post.told[0]["Records"][0]["Sns"]["Message"])["bounce"]
    assert bounce["bounceType"] == "Transient"
    with pytest.raises(Refusal):
        post.order(FEEDBACK, kind="rain", address="guest@example.com")

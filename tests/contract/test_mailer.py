"""What every `Mailer` promises: a letter that is sent is there, byte for byte, once per sending; and what a maildir is.

The mail server that `SmtpMailer` speaks to here wants TLS and a login; `SesMailer` speaks to a stand-in that holds
every request against botocore's model of SES. What they do when a server misbehaves is in tests/unit/adapters.
"""

from __future__ import annotations

import mailbox
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chalicelib.adapters.maildir_mailer import MaildirMailer
from chalicelib.adapters.ses_mailer import SesMailer
from chalicelib.adapters.smtp_mailer import SmtpMailer
from chalicelib.domain.errors import MailRefused
from chalicelib.operations.ports import Letter, Mailer
from tests.contract.codebuild_answers import document
from tests.contract.codebuild_house import REGION, aws_settings
from tests.contract.rest_answers import RestAnswers, parameters, rest_answering
from tests.fakes.mailer import FakeMailer
from tests.unit.adapters.post_office import Authority, PostOffice

LINK = "https://cloud.example.org/i/0123456789ab#" + "t" * 200

LINES = (
    "From: Cloud <cloud@example.org>",
    "To: guest@example.com",
    "Message-ID: <0123456789ab.ready@example.org>",
    "Content-Type: text/plain; charset=utf-8",
    "Content-Transfer-Encoding: 8bit",
    "",
    "From here on it is yours — bitte sehr",
    ".",
    ".ssh/config and ..",
    LINK,
    "",
    "",
)

LETTER = Letter(
    sender="cloud@example.org",
    to="guest@example.com",
    message_id="<0123456789ab.ready@example.org>",
    message="\r\n".join(LINES).encode(),
)


class _Desk:
    """A mailer, and a look at the messages that it delivered, as they travelled."""

    def __init__(self, mailer: Mailer, delivered: Callable[[], list[bytes]]) -> None:
        self.mailer = mailer
        self.delivered = delivered


def _maildir(folder: Path) -> _Desk:
    new = folder / "mail" / "new"
    return _Desk(
        MaildirMailer(folder / "mail"),
        lambda: [file.read_bytes().replace(b"\n", b"\r\n") for file in sorted(new.iterdir())],
    )


def _ses(server: RestAnswers) -> _Desk:
    def raw(body: bytes) -> bytes:
        message: bytes = parameters("sesv2", "SendEmail", body)["Content"]["Raw"]["Data"]
        return message

    return _Desk(SesMailer(REGION), lambda: [raw(asked.body) for asked in server.asked])


@pytest.fixture(params=["fake", "maildir", "smtp", "ses"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[_Desk]:
    """One mailer after the other."""
    if request.param == "fake":
        mailer = FakeMailer()
        yield _Desk(mailer, lambda: [letter.message for letter in mailer.sent])
    elif request.param == "maildir":
        yield _maildir(tmp_path)
    elif request.param == "ses":
        with rest_answering(document(MessageId="0107")) as (server, url), aws_settings("SESV2", url):
            yield _ses(server)
    else:
        with PostOffice(Authority(tmp_path)) as office:
            smtp = SmtpMailer(office.server, lambda: office.password)
            yield _Desk(smtp, lambda: [envelope.message for envelope in office.taken])


def test_a_letter_that_is_sent_is_there(desk: _Desk) -> None:
    """The message arrives byte for byte: its dots, its long link, what is not ASCII, and how it ends."""
    desk.mailer.send(LETTER)
    assert desk.delivered() == [LETTER.message]


def test_a_letter_sent_twice_is_there_twice(desk: _Desk) -> None:
    """Nobody hides a second copy: whoever sends counts."""
    desk.mailer.send(LETTER)
    desk.mailer.send(LETTER)
    assert desk.delivered() == [LETTER.message] * 2


def test_fake_can_refuse_and_can_lose_the_reply() -> None:
    """The fake fails without an effect and with one."""
    mailer = FakeMailer()
    mailer.fail_next(MailRefused("no"))
    with pytest.raises(MailRefused):
        mailer.send(LETTER)
    assert mailer.sent == []
    mailer.deliver_then_fail(MailRefused("late"))
    with pytest.raises(MailRefused):
        mailer.send(LETTER)
    assert mailer.sent == [LETTER]


def test_maildir_keeps_a_link_on_one_line(tmp_path: Path) -> None:
    """Whoever reads the file finds the link as it was written, with the line ends of files."""
    _maildir(tmp_path).mailer.send(LETTER)
    (file,) = (tmp_path / "mail" / "new").iterdir()
    assert LINK.encode() in file.read_bytes().split(b"\n")
    assert b"\r" not in file.read_bytes()


def test_maildir_is_private(tmp_path: Path) -> None:
    """Mails hold links that act: only their owner may look."""
    _maildir(tmp_path).mailer.send(LETTER)
    assert (tmp_path / "mail").stat().st_mode & 0o077 == 0


def test_maildir_can_be_read_by_others(tmp_path: Path) -> None:
    """The standard library's own reader finds the letter."""
    _maildir(tmp_path).mailer.send(LETTER)
    assert [one["Message-ID"] for one in mailbox.Maildir(tmp_path / "mail")] == [LETTER.message_id]


def test_maildir_without_room_refuses_and_leaves_nothing(tmp_path: Path) -> None:
    """When the disk says no, the letter was not delivered, and nothing of it is in `new`."""
    (tmp_path / "mail").write_text("a file where the folder should be")
    with pytest.raises(MailRefused):
        _maildir(tmp_path).mailer.send(LETTER)
    (tmp_path / "mail").unlink()
    desk = _maildir(tmp_path)
    desk.mailer.send(LETTER)
    assert len(desk.delivered()) == 1

"""What every `Mailer` promises: a letter that is sent is there, once per sending; and how a maildir keeps it."""

from __future__ import annotations

import mailbox
from collections.abc import Callable
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path

import pytest

from chalicelib.adapters.maildir_mailer import MaildirMailer
from chalicelib.domain.errors import MailRefused
from chalicelib.operations.ports import Letter, Mailer
from tests.fakes.clock import START, FakeClock
from tests.fakes.mailer import FakeMailer

LETTER = Letter(
    to="guest@example.com",
    message_id="<0123456789ab.ready@example.org>",
    subject="Your machine is ready — bitte sehr",
    text="ssh claude@127.77.1.2\n\nIt ends at 11:55 UTC.\n",
)


class _Desk:
    """A mailer, and a look at what it delivered as (to, message id, subject, text)."""

    def __init__(self, mailer: Mailer, delivered: Callable[[], list[tuple[str, str, str, str]]]) -> None:
        self.mailer = mailer
        self.delivered = delivered


def _fake() -> _Desk:
    mailer = FakeMailer()
    return _Desk(mailer, lambda: [(one.to, one.message_id, one.subject, one.text) for one in mailer.sent])


def _maildir(folder: Path) -> _Desk:
    mailer = MaildirMailer(folder / "mail", "Cloud <cloud@example.org>", FakeClock())
    return _Desk(mailer, lambda: [_read(file) for file in sorted((folder / "mail" / "new").iterdir())])


def _parse(file: Path) -> EmailMessage:
    return BytesParser(EmailMessage, policy=policy.default).parsebytes(file.read_bytes())


def _read(file: Path) -> tuple[str, str, str, str]:
    message = _parse(file)
    return message["To"], message["Message-ID"], message["Subject"], str(message.get_content())


@pytest.fixture(params=["fake", "maildir"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> _Desk:
    """One mailer after the other."""
    return _fake() if request.param == "fake" else _maildir(tmp_path)


def test_a_letter_that_is_sent_is_there(desk: _Desk) -> None:
    """Address, Message-ID, subject and text arrive as they were."""
    desk.mailer.send(LETTER)
    assert desk.delivered() == [(LETTER.to, LETTER.message_id, LETTER.subject, LETTER.text)]


def test_a_letter_sent_twice_is_there_twice(desk: _Desk) -> None:
    """Nobody hides a second copy: whoever sends counts."""
    desk.mailer.send(LETTER)
    desk.mailer.send(LETTER)
    assert len(desk.delivered()) == 2


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


def test_maildir_headers_say_who_when_and_that_no_person_wrote(tmp_path: Path) -> None:
    """From is the sender, Date the port's time, and Auto-Submitted keeps auto-replies away."""
    _maildir(tmp_path).mailer.send(LETTER)
    (file,) = (tmp_path / "mail" / "new").iterdir()
    message = _parse(file)
    assert message["From"] == "Cloud <cloud@example.org>"
    assert message["Date"].datetime == START
    assert message["Auto-Submitted"] == "auto-generated"


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


def test_maildir_takes_no_second_recipient(tmp_path: Path) -> None:
    """An address that hides another one is refused before a file is written."""
    forged = Letter(to="a@example.com, b@example.com", message_id="<1@x>", subject="s", text="t")
    with pytest.raises(ValueError, match="addr"):
        _maildir(tmp_path).mailer.send(forged)
    assert not (tmp_path / "mail").exists()

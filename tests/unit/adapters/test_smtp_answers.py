"""What `SmtpMailer` knows of a letter when a server refuses, breaks off or is silent: sent, not sent, or unknown."""

from __future__ import annotations

import socket
import struct
import threading
import time
import traceback
from contextlib import suppress
from dataclasses import replace

import pytest

from chalicelib.adapters.smtp_mailer import Patience, SmtpMailer, SmtpServer, Tls
from chalicelib.domain.errors import AddressRefused, MailRefused, MailUnknown
from tests.unit.adapters.mail_script import DRIP, HANG_UP, HASTE, LETTER, SILENCE, Deed, Script, no_password, refused
from tests.unit.adapters.post_office import HERE


@pytest.mark.parametrize(
    "answer",
    [
        "550 5.1.1 unknown",
        "550 5.1.10 null mx",
        "554 5.1.2 no such host",
        "550 5.2.1 mailbox disabled",
    ],
)
def test_a_recipient_that_takes_no_mail(answer: str) -> None:
    """These answers are about the address: asking again would not help."""
    with Script(RCPT=answer) as script, pytest.raises(AddressRefused) as caught:
        script.mailer().send(LETTER)
    assert answer[:3] in str(caught.value)
    assert b"DATA\r\n" not in script.heard


@pytest.mark.parametrize(
    "answer",
    [
        "450 4.2.1 busy",
        "451 try later",
        "452 4.2.2 full for now",
        "421 going down",
        "550 no such user, or a relay that does not know us: nobody can tell",
        "550 4.1.1 a status of another class is none",
        "551 not here",
        "553 what name is that",
        "552 5.2.2 mailbox full",
        "550 5.7.1 relaying denied",
        "550 5.1.8 sender's domain does not exist",
        "553 5.1.7 sender's address",
        "554 no",
        "503 5.5.1 order",
        "nonsense",
    ],
)
def test_a_recipient_that_is_refused_for_another_reason(answer: str) -> None:
    """What is for now, or about us, does not condemn the address."""
    with Script(RCPT=answer) as script, refused():
        script.mailer().send(LETTER)
    assert b"DATA\r\n" not in script.heard


@pytest.mark.parametrize(
    "changes",
    [
        {"GREETING": "554 no service"},
        {"EHLO": "421 busy"},
        {"MAIL": "451 later"},
        {"MAIL": "550 5.1.8 who are you"},
        {"MAIL": "550 5.1.1 even so this is about the sender"},
        {"DATA": "451 later"},
        {"DATA": "554 5.7.1 no"},
        {"DATA": "250 what?"},
        {"DOT": "451 4.3.0 later"},
        {"DOT": "552 5.3.4 too big"},
        {"DOT": "550 5.7.1 looks like spam"},
        {"DOT": "550 no"},
        {"GREETING": HANG_UP},
        {"EHLO": HANG_UP},
        {"MAIL": HANG_UP},
        {"RCPT": HANG_UP},
        {"DATA": HANG_UP},
        {"GREETING": SILENCE},
        {"EHLO": SILENCE},
        {"MAIL": SILENCE},
        {"RCPT": SILENCE},
        {"DATA": SILENCE},
        {"EHLO": DRIP},
        {"RCPT": DRIP},
        {"MAIL": "250 " + "x" * 9000},
    ],
    ids=lambda changes: " ".join(f"{at}: {getattr(deed, 'name', deed)[:16]}" for at, deed in changes.items()),
)
def test_what_fails_before_the_letter_is_taken_was_not_sent(changes: dict[str, str | Deed]) -> None:
    """A refusal, a lost connection or an endless wait before the server had all of it: known, and over in time."""
    began = time.monotonic()
    with Script(**changes) as script:
        with refused():
            script.mailer().send(LETTER)
        assert time.monotonic() - began < 30


@pytest.mark.parametrize("at", ["DATA", "DOT"])
def test_a_letter_that_is_refused_for_its_address(at: str) -> None:
    """A server that looks at addresses only when the letter comes is believed when its status says so."""
    with Script(**{at: "550 5.1.1 unknown"}) as script, pytest.raises(AddressRefused):
        script.mailer().send(LETTER)


@pytest.mark.parametrize(
    "deed", [HANG_UP, SILENCE, DRIP, "hello?", "150 wait", "354 more", "600 no", "250 " + "x" * 9000]
)
def test_what_fails_after_the_final_dot_is_unknown(deed: str | Deed) -> None:
    """The server had all of the letter, and nobody knows what it made of it; the wait is over in time."""
    began = time.monotonic()
    with Script(DOT=deed) as script:
        with pytest.raises(MailUnknown):
            script.mailer().send(LETTER)
        assert time.monotonic() - began < 30
    assert b".\r\n" in script.heard


def test_a_connection_that_breaks_within_the_letter_was_not_sent() -> None:
    """The final dot did not leave this machine, so the server cannot have taken the letter."""
    big = replace(LETTER, message=LETTER.message + (b"x" * 78 + b"\r\n") * 200_000)
    with socket.create_server((HERE, 0)) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        thread = threading.Thread(target=_break_within_the_letter, args=(listener,))
        thread.start()
        server = SmtpServer(host=HERE, port=listener.getsockname()[1], tls=Tls.OFF)
        with refused():
            SmtpMailer(server, no_password, Patience()).send(big)
        thread.join()


def _break_within_the_letter(listener: socket.socket) -> None:
    plug, _ = listener.accept()
    with plug, plug.makefile("rb") as lines:
        plug.sendall(b"220 hi\r\n")
        for answer in (b"250 hi\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n"):
            lines.readline()
            plug.sendall(answer)
        lines.readline()
        plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # closing resets


@pytest.mark.parametrize("deed", [HANG_UP, SILENCE, DRIP, "500 5.5.1 stay!"])
def test_a_bad_goodbye_changes_nothing(deed: str | Deed) -> None:
    """A letter that was taken is sent, whatever comes after; and nobody waits long for it."""
    began = time.monotonic()
    with Script(QUIT=deed) as script:
        script.mailer().send(LETTER)
        assert time.monotonic() - began < 30
    assert b".\r\n" in script.heard


def test_a_host_where_nobody_listens_was_not_reached() -> None:
    """A refused connection is a refusal."""
    with socket.socket() as bound:
        bound.bind((HERE, 0))
        server = SmtpServer(host=HERE, port=bound.getsockname()[1], tls=Tls.OFF)
        with refused() as caught:
            SmtpMailer(server, no_password, HASTE).send(LETTER)
    assert "ConnectionRefusedError" in str(caught.value)


def test_a_tls_handshake_that_hangs_is_bounded() -> None:
    """A server that never begins with TLS is given up."""
    began = time.monotonic()
    with Script(GREETING=SILENCE) as script:
        with refused():
            SmtpMailer(replace(script.server, tls=Tls.FROM_THE_START), no_password, HASTE).send(LETTER)
        assert time.monotonic() - began < 30


@pytest.mark.parametrize("at", ["GREETING", "EHLO", "MAIL", "RCPT", "DATA", "DOT"])
@pytest.mark.parametrize("answer", ["550 5.1.1 {}", "451 {}", "{}"])
def test_errors_say_nothing_personal(at: str, answer: str) -> None:
    """Neither address nor what the server quotes of it is in an error, its data or its traceback."""
    quoting = answer.format("guest@example.com is not known here")
    with Script(**{at: quoting}) as script, pytest.raises((MailRefused, MailUnknown)) as caught:
        script.mailer().send(LETTER)
    told = "".join(traceback.format_exception(caught.value)) + repr(caught.value.data)
    assert "guest" not in told
    assert "not known here" not in told


@pytest.mark.parametrize(
    "changes", [{"GREETING": "421 busy"}, {"RCPT": "550 no"}, {"RCPT": SILENCE}, {"DOT": HANG_UP}, {"QUIT": SILENCE}]
)
def test_nothing_is_left_open(changes: dict[str, str | Deed]) -> None:
    """However a letter ends, its connection is closed, and no thread is left."""
    before = threading.active_count()
    with Script(**changes) as script:  # its thread ends when the connection does, and is waited for
        with suppress(MailRefused, MailUnknown):
            script.mailer().send(LETTER)
        assert script.ended.wait(60)
    assert threading.active_count() == before


@pytest.mark.parametrize(
    ("changes", "error"), [({"GREETING": SILENCE}, MailRefused), ({"DOT": SILENCE}, MailUnknown)], ids=["mute", "lost"]
)
def test_a_server_that_does_not_answer_is_left_in_peace(changes: dict[str, str | Deed], error: type[Exception]) -> None:
    """The next letter is refused at once instead of waiting again: other rows wait behind it."""
    with Script(**changes) as script:
        mailer = script.mailer()
        with pytest.raises(error):
            mailer.send(LETTER)
        heard = len(script.heard)
        began = time.monotonic()
        with refused() as caught:
            mailer.send(LETTER)
        assert time.monotonic() - began < HASTE.answer
    assert "a moment ago" in str(caught.value)
    assert len(script.heard) == heard

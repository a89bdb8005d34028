"""What `SmtpMailer` makes of servers with TLS and a login, of those that are others, and of those that only say so.

What it knows of a letter when one misbehaves is in `test_smtp_answers.py`, what leaves at all in `test_smtp_wire.py`.
"""

from __future__ import annotations

import json
import secrets
import socket
import ssl
import threading
import traceback
from dataclasses import replace
from pathlib import Path

import pytest

from chalicelib.adapters.file_keyring import FileKeyring
from chalicelib.adapters.smtp_mailer import Patience, SmtpMailer, SmtpServer, Tls
from chalicelib.domain.errors import StoreUnavailable
from tests.unit.adapters.mail_script import HASTE, LETTER, Script, no_password, refused
from tests.unit.adapters.post_office import HERE, USER, Authority, PostOffice, Taken


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """One authority for all certificates of this file."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.mark.parametrize("tls", [Tls.STARTTLS, Tls.FROM_THE_START])
def test_a_letter_goes_through_tls_with_a_login(authority: Authority, tls: Tls) -> None:
    """Sender, recipient and message are what the letter says, and the server knows who brought it."""
    with PostOffice(authority, tls=tls) as office:
        SmtpMailer(office.server, lambda: office.password).send(LETTER)
    assert office.taken == [
        Taken(sender=LETTER.sender, recipients=(LETTER.to,), user=USER, message=LETTER.message),
    ]


def test_plain_text_without_a_login_is_possible() -> None:
    """A server on this machine may be spoken to without TLS; then no password is asked for."""
    with Script() as script:
        script.mailer().send(LETTER)
    assert script.heard[-1] == b"quit\r\n"
    assert script.heard[1:3] == [b"MAIL FROM:<cloud@example.org>\r\n", b"RCPT TO:<guest@example.com>\r\n"]


def test_a_login_without_tls_is_not_possible() -> None:
    """Such a mailer cannot even be made."""
    with pytest.raises(ValueError, match="TLS"):
        SmtpMailer(SmtpServer(host=HERE, port=25, tls=Tls.OFF, user=USER), no_password)


@pytest.mark.parametrize("tls", [Tls.STARTTLS, Tls.FROM_THE_START])
def test_a_certificate_for_another_host_is_refused(authority: Authority, tls: Tls) -> None:
    """Whoever can answer at the address but has another's certificate gets no letter."""
    with PostOffice(authority, tls=tls, named="mail.example.org") as office, refused() as caught:
        SmtpMailer(office.server, lambda: office.password).send(LETTER)
    assert "SSLCertVerificationError" in str(caught.value)
    assert office.taken == []


@pytest.mark.parametrize("tls", [Tls.STARTTLS, Tls.FROM_THE_START])
def test_a_certificate_of_an_unknown_authority_is_refused(authority: Authority, tmp_path: Path, tls: Tls) -> None:
    """Neither the system's authorities nor another private one vouch for this server."""
    with PostOffice(authority, tls=tls) as office:
        for ca in (None, str(Authority(tmp_path).ca)):
            with refused() as caught:
                SmtpMailer(replace(office.server, ca=ca), lambda: office.password).send(LETTER)
            assert "SSLCertVerificationError" in str(caught.value)
    assert office.taken == []


def test_an_authority_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """A file that cannot be read does not mean that everybody is believed: nothing is even connected."""
    with Script() as script, refused():
        SmtpMailer(replace(script.server, tls=Tls.STARTTLS, ca=str(tmp_path / "none.pem")), no_password).send(LETTER)
    assert script.heard == []


def test_a_wrong_password_is_refused(authority: Authority) -> None:
    """A login that is not taken is the operator's matter, not the address's; the password is not in the error."""
    with PostOffice(authority) as office, refused() as caught:
        SmtpMailer(office.server, lambda: "wrong" + office.password).send(LETTER)
    assert "535" in str(caught.value)
    assert office.password not in "".join(traceback.format_exception(caught.value))
    assert office.taken == []


def test_a_password_that_no_login_can_carry_is_refused(authority: Authority) -> None:
    """Letters beyond ASCII in a password are a refusal that does not quote them."""
    password = f"ä{secrets.token_urlsafe(12)}"
    with PostOffice(authority) as office, refused() as caught:
        SmtpMailer(office.server, lambda: password).send(LETTER)
    assert password[1:] not in "".join(traceback.format_exception(caught.value))


def test_a_new_password_needs_no_restart(authority: Authority, tmp_path: Path) -> None:
    """The keyring's file is asked at each login: none is refused, an old one is refused, the new one opens."""
    keyring = tmp_path / "keyring"
    document = {"secrets": [{"id": "one", "secret": ""}], "pepper": "", "operators": []}
    keyring.write_text(json.dumps(document))
    with PostOffice(authority) as office:
        mailer = SmtpMailer(office.server, FileKeyring(keyring).smtp_password)
        with refused() as caught:
            mailer.send(LETTER)
        assert "smtp_password" in str(caught.value)
        keyring.write_text(json.dumps({**document, "smtp_password": "an old one"}))
        with refused():
            mailer.send(LETTER)
        keyring.write_text(json.dumps({**document, "smtp_password": office.password}))
        mailer.send(LETTER)
    assert len(office.taken) == 1


def test_a_keyring_that_cannot_be_read_is_a_refusal(tmp_path: Path) -> None:
    """Without the password nothing is sent, and that is known."""
    keyring = FileKeyring(tmp_path / "none")
    with pytest.raises(StoreUnavailable):
        keyring.smtp_password()
    with Script() as script, refused():
        SmtpMailer(replace(script.server, tls=Tls.STARTTLS, user=USER), keyring.smtp_password, HASTE).send(LETTER)
    assert script.heard == []


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"EHLO": "250-x\r\n250 AUTH PLAIN LOGIN"}, "offers no STARTTLS"),
        ({"EHLO": "250-x\r\n250-STARTTLS\r\n250 AUTH PLAIN", "STARTTLS": "454 4.7.0 not now"}, "454 4.7.0"),
        ({"EHLO": "250-x\r\n250 STARTTLS", "STARTTLS": "220 go\r\n250-x\r\n250 AUTH PLAIN\r\n235 fine"}, "broke off"),
    ],
)
def test_a_server_without_tls_never_hears_the_password(changes: dict[str, str], why: str) -> None:
    """Not offered, not done, or only pretended: nothing but greetings is said, and the letter is refused."""
    password = secrets.token_urlsafe(12)
    with Script(**changes) as script, refused() as caught:
        SmtpMailer(replace(script.server, tls=Tls.STARTTLS, user=USER), lambda: password, HASTE).send(LETTER)
    assert why in str(caught.value)
    said = b"".join(script.heard).upper()
    assert said.startswith(b"EHLO EXAMPLE.ORG\r\n")
    assert b"AUTH" not in said
    assert b"MAIL" not in said


def test_answers_from_before_tls_do_not_count(authority: Authority) -> None:
    """What somebody on the way adds behind the answer to STARTTLS is forgotten: only the private answers are heard."""
    heard: list[bytes] = []
    with socket.create_server((HERE, 0)) as listener:
        thread = threading.Thread(target=_inject, args=(listener, authority.context(HERE), heard))
        thread.start()
        server = SmtpServer(host=HERE, port=listener.getsockname()[1], user=USER, ca=str(authority.ca))
        with refused():
            SmtpMailer(server, lambda: "unheard", Patience(goodbye=0.2)).send(LETTER)
        thread.join()
    assert heard == [b"ehlo example.org\r\n", b"STARTTLS\r\n", b"ehlo example.org\r\n", b"quit\r\n"]


def _inject(listener: socket.socket, context: ssl.SSLContext, heard: list[bytes]) -> None:
    plug, _ = listener.accept()
    with plug.makefile("rb") as lines:
        plug.sendall(b"220 hi\r\n")
        heard.append(lines.readline())
        plug.sendall(b"250-hi\r\n250 STARTTLS\r\n")
        heard.append(lines.readline())
        plug.sendall(b"220 go\r\n250-hi\r\n250 AUTH PLAIN\r\n")
    with context.wrap_socket(plug, server_side=True) as private, private.makefile("rb") as lines:
        heard.append(lines.readline())
        private.sendall(b"250 no login here\r\n")
        heard.extend(lines)

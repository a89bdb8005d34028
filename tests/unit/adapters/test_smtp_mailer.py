"""What `SmtpMailer` makes of servers of every kind: real ones with TLS and a login, and scripted ones that misbehave.

`PostOffice` is a real server (aiosmtpd) with a certificate made for the test; the contract suite uses it too. `Script`
answers in plain text what a test tells it to, or hangs up, or says nothing.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import socket
import ssl
import struct
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from chalicelib.adapters.file_keyring import FileKeyring
from chalicelib.adapters.smtp_mailer import Patience, SmtpMailer, SmtpServer, Tls
from chalicelib.domain.errors import AddressRefused, MailRefused, MailUnknown, StoreUnavailable
from chalicelib.operations.ports import Letter

HERE = "127.0.0.1"
USER = "box@example.org"
LETTER = Letter(
    sender="cloud@example.org",
    to="guest@example.com",
    message_id="<1@example.org>",
    message=b"Message-ID: <1@example.org>\r\n\r\nready\r\n",
)
HASTE = Patience(connect=1.0, answer=0.4, letter=0.8, goodbye=0.2)
"""For servers that let one wait; with the others a busy machine must not run out of time."""


class Authority:
    """A certificate authority in a folder; `ca` is its certificate's file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "made for a test")])
        usage = _usage(keyCertSign=True)
        own = self._certificate(self._name, self._key, x509.BasicConstraints(ca=True, path_length=None), usage)
        self.ca = folder / f"ca-{secrets.token_hex(4)}.pem"
        self.ca.write_bytes(own.public_bytes(serialization.Encoding.PEM))

    def context(self, host: str) -> ssl.SSLContext:
        """What a server of this name or address shows its clients."""
        key = ec.generate_private_key(ec.SECP256R1())
        named: x509.GeneralName
        try:
            named = x509.IPAddress(ip_address(host))
        except ValueError:
            named = x509.DNSName(host)
        certificate = self._certificate(
            x509.Name([]), key, x509.BasicConstraints(ca=False, path_length=None), _usage(), named
        )
        file = self._folder / f"server-{secrets.token_hex(4)}.pem"
        file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(file)
        return context

    def _certificate(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        constraints: x509.BasicConstraints,
        usage: x509.KeyUsage,
        named: x509.GeneralName | None = None,
    ) -> x509.Certificate:
        # all that strict verification (Python 3.13) asks for
        issuer_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        made = (
            x509.CertificateBuilder(self._name, subject, key.public_key(), x509.random_serial_number())
            .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
            .not_valid_after(datetime(2120, 1, 1, tzinfo=UTC))
            .add_extension(constraints, critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(issuer_id, critical=False)
        )
        if named is not None:
            made = made.add_extension(x509.SubjectAlternativeName([named]), critical=True)
            made = made.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        return made.sign(self._key, hashes.SHA256())


def _usage(*, keyCertSign: bool = False) -> x509.KeyUsage:  # noqa: N803 -- the standard's own name
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=keyCertSign,
        crl_sign=keyCertSign,
        encipher_only=False,
        decipher_only=False,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A letter as a server took it."""

    sender: str
    recipients: tuple[str, ...]
    user: str
    message: bytes


class PostOffice:
    """A mail server on 127.0.0.1 that wants TLS and the login `USER` with `password`; `taken` is what it took."""

    def __init__(self, authority: Authority, *, tls: Tls = Tls.STARTTLS, named: str = HERE) -> None:
        self.taken: list[Taken] = []
        self.password = secrets.token_urlsafe(12)
        self._tls = tls
        self._ca = authority.ca
        self._context = authority.context(named)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)

    def __enter__(self) -> Self:
        at_once = self._context if self._tls is Tls.FROM_THE_START else None
        self._listener = self._loop.run_until_complete(self._loop.create_server(self._clerk, HERE, 0, ssl=at_once))
        port = self._listener.sockets[0].getsockname()[1]
        self.server = SmtpServer(host=HERE, port=port, tls=self._tls, user=USER, ca=str(self._ca))
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def handle_DATA(self, _: SMTP, session: Any, envelope: Any) -> str:  # noqa: N802 -- aiosmtpd looks for it
        """Take a letter; aiosmtpd calls this after the final dot."""
        user = session.auth_data.login.decode() if session.auth_data else ""
        self.taken.append(
            Taken(
                sender=envelope.mail_from,
                recipients=tuple(envelope.rcpt_tos),
                user=user,
                message=bytes(envelope.content),
            )
        )
        return "250 2.0.0 taken"

    def _clerk(self) -> SMTP:
        start = self._tls is Tls.STARTTLS
        return SMTP(
            self,
            hostname="mail.example.org",
            tls_context=self._context if start else None,
            require_starttls=start,
            auth_required=start,  # aiosmtpd does not see that a connection was in TLS from the start
            auth_require_tls=start,
            authenticator=self._authenticate,
            loop=self._loop,
        )

    def _authenticate(self, _server: Any, _session: Any, _envelope: Any, _way: str, data: Any) -> AuthResult:
        known = LoginPassword(USER.encode(), self.password.encode())
        return AuthResult(success=data == known, handled=False, auth_data=data)

    async def _close(self) -> None:
        self._listener.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)


@dataclass(frozen=True, slots=True)
class _Deed:
    """What a script does in place of an answer."""

    name: str


HANG_UP = _Deed("hang up")
SILENCE = _Deed("silence")
DRIP = _Deed("an answer that never ends")

FRIENDLY: dict[str, str | _Deed] = {
    "GREETING": "220 mail.example.org",
    "EHLO": "250 mail.example.org",
    "MAIL": "250 2.1.0 ok",
    "RCPT": "250 2.1.5 ok",
    "DATA": "354 go on",
    ".": "250 2.0.0 taken",
    "QUIT": "221 bye",
}


class Script:
    """A server in plain text for one connection; `heard` holds the lines that it got."""

    def __init__(self, **changes: str | _Deed) -> None:
        self.heard: list[bytes] = []
        self.ended = threading.Event()
        self._answers = {**FRIENDLY, **{"." if name == "DOT" else name: deed for name, deed in changes.items()}}
        self._listener = socket.create_server((HERE, 0))
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> Self:
        port = self._listener.getsockname()[1]
        self.server = SmtpServer(host=HERE, port=port, tls=Tls.OFF)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)  # wakes a thread to which nobody came
        self._thread.join()
        self._listener.close()

    def mailer(self) -> SmtpMailer:
        """A mailer that speaks to this server in plain text, in haste where it would have to wait."""
        slow = {SILENCE, DRIP} & set(self._answers.values())
        return SmtpMailer(self.server, _no_password, HASTE if slow else Patience())

    def _serve(self) -> None:
        try:
            plug, _ = self._listener.accept()
        except OSError:
            return
        with plug, plug.makefile("rb") as lines:
            try:
                self._converse(plug, lines)
            except OSError:
                return
            finally:
                self.ended.set()

    def _converse(self, plug: socket.socket, lines: BinaryIO) -> None:
        verb, letter = "GREETING", False
        while self._answer(plug, verb):
            letter = verb == "DATA" and str(self._answers["DATA"]).startswith("354")
            line = self._hear(lines)
            while letter and line not in {b".\r\n", b""}:
                line = self._hear(lines)
            verb = line.split()[0].decode("latin-1").upper() if line.strip() else ""

    def _hear(self, lines: BinaryIO) -> bytes:
        line = lines.readline()
        if line:
            self.heard.append(line)
        return line

    def _answer(self, plug: socket.socket, verb: str) -> bool:
        """Do what the script says; False when the connection is to end."""
        deed = self._answers.get(verb, "500 5.5.1 what?") if verb else HANG_UP
        if isinstance(deed, str):
            plug.sendall(deed.encode() + b"\r\n")
            return True
        if deed is SILENCE:
            while plug.recv(4096):
                pass
        while deed is DRIP:
            plug.sendall(b"250-and\r\n")
            time.sleep(0.02)
        return False


def _no_password() -> str:
    raise AssertionError("nobody was to ask for the password")


def _with(server: SmtpServer, **changes: Any) -> SmtpServer:
    return replace(server, **changes)


@contextmanager
def _refused() -> Iterator[pytest.ExceptionInfo[MailRefused]]:
    """Expect MailRefused itself: later may go what did not go now."""
    with pytest.raises(MailRefused) as caught:
        yield caught
    assert type(caught.value) is MailRefused


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
        SmtpMailer(SmtpServer(host=HERE, port=25, tls=Tls.OFF, user=USER), _no_password)


@pytest.mark.parametrize("tls", [Tls.STARTTLS, Tls.FROM_THE_START])
def test_a_certificate_for_another_host_is_refused(authority: Authority, tls: Tls) -> None:
    """Whoever can answer at the address but has another's certificate gets no letter."""
    with PostOffice(authority, tls=tls, named="mail.example.org") as office, _refused() as caught:
        SmtpMailer(office.server, lambda: office.password).send(LETTER)
    assert "SSLCertVerificationError" in str(caught.value)
    assert office.taken == []


@pytest.mark.parametrize("tls", [Tls.STARTTLS, Tls.FROM_THE_START])
def test_a_certificate_of_an_unknown_authority_is_refused(authority: Authority, tmp_path: Path, tls: Tls) -> None:
    """Neither the system's authorities nor another private one vouch for this server."""
    with PostOffice(authority, tls=tls) as office:
        for ca in (None, str(Authority(tmp_path).ca)):
            with _refused() as caught:
                SmtpMailer(_with(office.server, ca=ca), lambda: office.password).send(LETTER)
            assert "SSLCertVerificationError" in str(caught.value)
    assert office.taken == []


def test_an_authority_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """A file that cannot be read does not mean that everybody is believed: nothing is even connected."""
    with Script() as script, _refused():
        SmtpMailer(_with(script.server, tls=Tls.STARTTLS, ca=str(tmp_path / "none.pem")), _no_password).send(LETTER)
    assert script.heard == []


def test_a_wrong_password_is_refused(authority: Authority) -> None:
    """A login that is not taken is the operator's matter, not the address's; the password is not in the error."""
    with PostOffice(authority) as office, _refused() as caught:
        SmtpMailer(office.server, lambda: "wrong" + office.password).send(LETTER)
    assert "535" in str(caught.value)
    assert office.password not in "".join(traceback.format_exception(caught.value))
    assert office.taken == []


def test_a_password_that_no_login_can_carry_is_refused(authority: Authority) -> None:
    """Letters beyond ASCII in a password are a refusal that does not quote them."""
    password = f"ä{secrets.token_urlsafe(12)}"
    with PostOffice(authority) as office, _refused() as caught:
        SmtpMailer(office.server, lambda: password).send(LETTER)
    assert password[1:] not in "".join(traceback.format_exception(caught.value))


def test_a_new_password_needs_no_restart(authority: Authority, tmp_path: Path) -> None:
    """The keyring's file is asked at each login: none is refused, an old one is refused, the new one opens."""
    keyring = tmp_path / "keyring"
    document = {"secrets": [{"id": "one", "secret": ""}], "pepper": "", "operators": []}
    keyring.write_text(json.dumps(document))
    with PostOffice(authority) as office:
        mailer = SmtpMailer(office.server, FileKeyring(keyring).smtp_password)
        with _refused() as caught:
            mailer.send(LETTER)
        assert "smtp_password" in str(caught.value)
        keyring.write_text(json.dumps({**document, "smtp_password": "an old one"}))
        with _refused():
            mailer.send(LETTER)
        keyring.write_text(json.dumps({**document, "smtp_password": office.password}))
        mailer.send(LETTER)
    assert len(office.taken) == 1


def test_a_keyring_that_cannot_be_read_is_a_refusal(tmp_path: Path) -> None:
    """Without the password nothing is sent, and that is known."""
    keyring = FileKeyring(tmp_path / "none")
    with pytest.raises(StoreUnavailable):
        keyring.smtp_password()
    with Script() as script, _refused():
        SmtpMailer(_with(script.server, tls=Tls.STARTTLS, user=USER), keyring.smtp_password, HASTE).send(LETTER)
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
    with Script(**changes) as script, _refused() as caught:
        SmtpMailer(_with(script.server, tls=Tls.STARTTLS, user=USER), lambda: password, HASTE).send(LETTER)
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
        with _refused():
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
    with Script(RCPT=answer) as script, _refused():
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
def test_what_fails_before_the_letter_is_taken_was_not_sent(changes: dict[str, str | _Deed]) -> None:
    """A refusal, a lost connection or an endless wait before the server had all of it: known, and over in time."""
    began = time.monotonic()
    with Script(**changes) as script:
        with _refused():
            script.mailer().send(LETTER)
        assert time.monotonic() - began < 3


@pytest.mark.parametrize("at", ["DATA", "DOT"])
def test_a_letter_that_is_refused_for_its_address(at: str) -> None:
    """A server that looks at addresses only when the letter comes is believed when its status says so."""
    with Script(**{at: "550 5.1.1 unknown"}) as script, pytest.raises(AddressRefused):
        script.mailer().send(LETTER)


@pytest.mark.parametrize(
    "deed", [HANG_UP, SILENCE, DRIP, "hello?", "150 wait", "354 more", "600 no", "250 " + "x" * 9000]
)
def test_what_fails_after_the_final_dot_is_unknown(deed: str | _Deed) -> None:
    """The server had all of the letter, and nobody knows what it made of it; the wait is over in time."""
    began = time.monotonic()
    with Script(DOT=deed) as script:
        with pytest.raises(MailUnknown):
            script.mailer().send(LETTER)
        assert time.monotonic() - began < 3
    assert b".\r\n" in script.heard


def test_a_connection_that_breaks_within_the_letter_was_not_sent() -> None:
    """The final dot did not leave this machine, so the server cannot have taken the letter."""
    big = replace(LETTER, message=LETTER.message + (b"x" * 78 + b"\r\n") * 200_000)
    with socket.create_server((HERE, 0)) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        thread = threading.Thread(target=_break_within_the_letter, args=(listener,))
        thread.start()
        server = SmtpServer(host=HERE, port=listener.getsockname()[1], tls=Tls.OFF)
        with _refused():
            SmtpMailer(server, _no_password, Patience()).send(big)
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
def test_a_bad_goodbye_changes_nothing(deed: str | _Deed) -> None:
    """A letter that was taken is sent, whatever comes after; and nobody waits long for it."""
    began = time.monotonic()
    with Script(QUIT=deed) as script:
        script.mailer().send(LETTER)
        assert time.monotonic() - began < 3
    assert b".\r\n" in script.heard


def test_a_host_where_nobody_listens_was_not_reached() -> None:
    """A refused connection is a refusal."""
    with socket.socket() as bound:
        bound.bind((HERE, 0))
        server = SmtpServer(host=HERE, port=bound.getsockname()[1], tls=Tls.OFF)
        with _refused() as caught:
            SmtpMailer(server, _no_password, HASTE).send(LETTER)
    assert "ConnectionRefusedError" in str(caught.value)


def test_a_tls_handshake_that_hangs_is_bounded() -> None:
    """A server that never begins with TLS is given up."""
    began = time.monotonic()
    with Script(GREETING=SILENCE) as script:
        with _refused():
            SmtpMailer(_with(script.server, tls=Tls.FROM_THE_START), _no_password, HASTE).send(LETTER)
        assert time.monotonic() - began < 3


@pytest.mark.parametrize(
    "address",
    [
        "a@example.com\r\nRCPT TO:<b@example.com>",
        "a@example.com\n",
        "a@example.com\r",
        "a@example.com, b@example.com",
        "a@example.com,b@example.com",
        "a b@example.com",
        "a@example.com> SIZE=1",
        "<a@example.com>",
        '"a b"@example.com',
        "a@b@example.com",
        "@example.com",
        "a@",
        "nobody",
        "",
        "ä@example.com",
        "a@exämple.com",
        "a\x00@example.com",
        "a@" + "x" * 260,
    ],
)
def test_what_is_no_single_address_never_reaches_the_wire(address: str) -> None:
    """Neither as the recipient nor as the sender: nothing is even connected."""
    with Script() as script:
        with pytest.raises(AddressRefused):
            script.mailer().send(replace(LETTER, to=address))
        with _refused():
            script.mailer().send(replace(LETTER, sender=address))
    assert script.heard == []


@pytest.mark.parametrize("message", [b"a\n.\nMAIL FROM:<x@example.com>\r\n", b"a\r.\r\n", b"\n", b"a\r\n\r"])
def test_line_ends_that_servers_read_differently_never_reach_the_wire(message: bytes) -> None:
    """A lone CR or LF could end the letter for one server and not for the next, so it does not leave."""
    with Script() as script, _refused():
        script.mailer().send(replace(LETTER, message=message))
    assert script.heard == []


def test_dots_are_doubled_on_the_wire() -> None:
    """A line that begins with a dot begins with two there, so that no line of a letter ends it."""
    with Script() as script:
        script.mailer().send(replace(LETTER, message=b".\r\n..\r\na.\r\n.hidden"))
    begin = script.heard.index(b"DATA\r\n") + 1
    assert script.heard[begin:] == [b"..\r\n", b"...\r\n", b"a.\r\n", b"..hidden\r\n", b".\r\n", b"quit\r\n"]


def test_eight_bits_are_announced_or_not_sent() -> None:
    """A letter that is not ASCII is announced as such, and refused where the server does not take it."""
    letter = replace(LETTER, message="é\r\n".encode())
    with Script(EHLO="250-x\r\n250 8BITMIME") as script:
        script.mailer().send(letter)
    assert script.heard[1] == b"MAIL FROM:<cloud@example.org> BODY=8BITMIME\r\n"
    with Script() as script, _refused():
        script.mailer().send(letter)


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
def test_nothing_is_left_open(changes: dict[str, str | _Deed]) -> None:
    """However a letter ends, its connection is closed, and no thread is left."""
    before = threading.active_count()
    with Script(**changes) as script:  # its thread ends when the connection does, and is waited for
        with suppress(MailRefused, MailUnknown):
            script.mailer().send(LETTER)
        assert script.ended.wait(3)
    assert threading.active_count() == before


@pytest.mark.parametrize(
    ("changes", "error"), [({"GREETING": SILENCE}, MailRefused), ({"DOT": SILENCE}, MailUnknown)], ids=["mute", "lost"]
)
def test_a_server_that_does_not_answer_is_left_in_peace(
    changes: dict[str, str | _Deed], error: type[Exception]
) -> None:
    """The next letter is refused at once instead of waiting again: other rows wait behind it."""
    with Script(**changes) as script:
        mailer = script.mailer()
        with pytest.raises(error):
            mailer.send(LETTER)
        heard = len(script.heard)
        began = time.monotonic()
        with _refused() as caught:
            mailer.send(LETTER)
        assert time.monotonic() - began < HASTE.answer
    assert "a moment ago" in str(caught.value)
    assert len(script.heard) == heard

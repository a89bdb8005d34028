"""Letters over SMTP, as the `Mailer` port: one connection a letter, and an honest answer about what became of it.

Decides what each outcome of the conversation means (RFC 5321): until the final dot has left, a letter is known not to
be sent; from then on only the server's answer tells. Certificates are always verified, and a password is never said
without TLS. No error repeats what the server wrote, since that can quote an address: codes are all that is passed on.
What is in a letter, and whether it is sent again, is not known here.
"""

from __future__ import annotations

import io
import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from chalicelib.domain.errors import AddressRefused, MailRefused, MailUnknown, StoreUnavailable
from chalicelib.operations.ports import Letter

if TYPE_CHECKING:
    from smtplib import SMTP
    from ssl import SSLContext

_ADDRESS = re.compile(r"(?=.{3,254}\Z)[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9][A-Za-z0-9.-]*")
"""One bare address (RFC 5321 section 4.1.2, without quoted strings): nothing that ends a command or begins another."""

_BARE_LINE_END = re.compile(rb"\r(?!\n)|(?<!\r)\n")
_LEADING_DOT = re.compile(rb"(?m)^\.")
_STATUS = re.compile(rb"[245]\.\d{1,3}\.\d{1,3}(?!\S)")

_NO_MAILBOX = re.compile(r"5\.1\.(?:1|2|3|6|10)|5\.2\.1")
"""The recipient's address or mailbox does not exist, or is switched off (RFC 3463 sections 3.2 and 3.3, RFC 7505).

Nothing else counts: a full mailbox is emptied, and a bare 550 is also what a relay says that does not know us.
"""


class Tls(StrEnum):
    """How a connection becomes private."""

    STARTTLS = "starttls"
    FROM_THE_START = "from the start"
    OFF = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpServer:
    """Where letters are handed in; `user` is empty where nobody logs in, `ca` the only authority that is believed."""

    host: str
    port: int
    tls: Tls = Tls.STARTTLS
    user: str = ""
    ca: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """The longest waits, in seconds: to connect, for the next piece of an answer, for all of a letter, for goodbye.

    A letter as a whole takes less time than a notice whose outcome is unknown waits before it is sent again.
    """

    connect: float = 10.0
    answer: float = 15.0
    letter: float = 60.0
    goodbye: float = 5.0
    rest: float = 60.0
    """How long a server that was not reached, or did not answer, is left in peace; letters are refused meanwhile.

    Other rows wait behind a letter, and a hundred letters to a silent server would hold them up for an hour.
    """


class SmtpMailer:
    """Hands letters in at one server; `password` is asked at each login, so that a rotation needs no restart."""

    def __init__(self, server: SmtpServer, password: Callable[[], str], patience: Patience | None = None) -> None:
        if server.user and server.tls is Tls.OFF:
            raise ValueError("a login needs TLS")
        self._server = server
        self._password = password
        self._patience = patience or Patience()
        self._rest_until = 0.0

    def send(self, letter: Letter) -> None:
        """Send one letter; AddressRefused, MailRefused and MailUnknown mean what the port says."""
        _check(letter)
        password = self._secret()
        if time.monotonic() < self._rest_until:
            raise MailRefused("The mail server was not to be reached a moment ago.")
        try:
            self._hand_in(letter, password)
        except (MailRefused, MailUnknown) as error:
            if not error.data.get("answered", False):
                self._rest_until = time.monotonic() + self._patience.rest
            raise

    def _hand_in(self, letter: Letter, password: str) -> None:
        with _connection(self._server, self._patience, letter.sender.rpartition("@")[2]) as line:
            with _nothing_sent_yet():
                line.begin()
                if self._server.user:
                    line.log_in(self._server.user, password)
                line.address(letter)
                line.put(letter.message)
            line.conclude()

    def _secret(self) -> str:
        if not self._server.user:
            return ""
        try:
            password = self._password()
        except StoreUnavailable as error:
            raise MailRefused("The keyring with the mail server's password cannot be read.") from error
        if not password:
            raise MailRefused("The keyring has no smtp_password, which the mail server's login needs.")
        return password


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reply:
    """What a server answered: the code, and the enhanced status (RFC 3463) where it gave one of the same class."""

    code: int
    status: str

    @classmethod
    def of(cls, answer: tuple[int, bytes]) -> _Reply:
        code, text = answer
        found = _STATUS.match(text)
        status = found[0].decode() if found else ""
        return cls(code=code, status=status if status.startswith(str(code)[0]) else "")

    def __str__(self) -> str:
        return f"{self.code} {self.status}".rstrip()


class _Line:
    """A conversation with a server: `smtplib` speaks, while connecting, TLS and every wait are looked after here."""

    def __init__(self, server: SmtpServer, patience: Patience, our_name: str) -> None:
        import smtplib  # noqa: PLC0415 -- with ssl and email behind it, needed by the few who send

        self._server = server
        self._patience = patience
        self._end = time.monotonic() + patience.letter
        self._smtp: SMTP = smtplib.SMTP(local_hostname=our_name)  # its own default asks the network for a name

    def begin(self) -> None:
        """Connect and become private; MailRefused when the server has another mind, OSError when it is not there."""
        context = _verifying(self._server.ca)
        self._adopt(socket.create_connection((self._server.host, self._server.port), self._patience.connect))
        if self._server.tls is Tls.FROM_THE_START:
            self._secure(context)
        _expect("the connection", 220, _Reply.of(self._smtp.getreply()))
        self._greet()
        if self._server.tls is Tls.STARTTLS:
            if not self._smtp.has_extn("starttls"):
                raise MailRefused("The mail server offers no STARTTLS, and without it nothing is said to it.")
            _expect("STARTTLS", 220, self._ask("STARTTLS"))
            self._secure(context)
            self._greet()

    def log_in(self, user: str, password: str) -> None:
        """Say who we are, by the best way the server knows; MailRefused."""
        try:
            self._smtp.login(user, password)
        except (OSError, ValueError) as error:  # ValueError: characters that the protocol's ways cannot carry
            why = getattr(error, "smtp_code", type(error).__name__)
            answered = hasattr(error, "smtp_code")
            raise MailRefused(f"The mail server did not take the login ({why}).", answered=answered) from None

    def address(self, letter: Letter) -> None:
        """Give the envelope; AddressRefused when the recipient is what the server does not like."""
        eight_bit = not letter.message.isascii()
        if eight_bit and not self._smtp.has_extn("8bitmime"):
            raise MailRefused("The mail server takes no 8-bit letters.", answered=True)
        _expect("the sender", 250, self._ask("MAIL", f"FROM:<{letter.sender}>" + " BODY=8BITMIME" * eight_bit))
        reply = self._ask("RCPT", f"TO:<{letter.to}>")
        if _NO_MAILBOX.fullmatch(reply.status):
            raise AddressRefused(f"The mail server says that the address takes no mail ({reply}).", answered=True)
        if reply.code not in {250, 251}:
            raise _refusal("the recipient", reply)

    def put(self, message: bytes) -> None:
        """Send the whole message and the final dot; an OSError means that the dot did not leave completely."""
        _expect("the letter", 354, self._ask("DATA"), address_counts=True)
        whole = message if message.endswith(b"\r\n") else message + b"\r\n"
        self._limit(self._sock)
        self._smtp.send(_LEADING_DOT.sub(b"..", whole) + b".\r\n")

    def conclude(self) -> None:
        """Hear what became of the letter; MailUnknown when that is not to be heard."""
        try:
            reply = _Reply.of(self._smtp.getreply())
        except OSError as error:
            raise MailUnknown(f"The mail server took the letter and did not answer ({type(error).__name__}).") from None
        match reply.code // 100:
            case 2:
                return
            case 4 | 5:
                raise _refusal("the letter", reply, address_counts=True)
            case _:
                raise MailUnknown("The mail server took the letter and answered with no code that decides.")

    def hang_up(self) -> None:
        """Say goodbye where there is a connection, and let go of it; what has been decided stays so."""
        self._end = time.monotonic() + self._patience.goodbye
        with suppress(OSError):
            if self._smtp.sock is not None:
                self._smtp.quit()
        self._smtp.close()

    def _ask(self, verb: str, rest: str = "") -> _Reply:
        return _Reply.of(self._smtp.docmd(verb, rest))

    def _greet(self) -> None:
        _expect("our greeting", 250, _Reply.of(self._smtp.ehlo()))

    def _secure(self, context: SSLContext) -> None:
        self._limit(self._sock)
        self._adopt(context.wrap_socket(self._sock, server_hostname=self._server.host))

    def _adopt(self, sock: socket.socket) -> None:
        """Speak over this socket; what was read of the one before, and not asked for, is forgotten (RFC 3207)."""
        self._sock = self._smtp.sock = sock
        self._smtp.file = io.BufferedReader(_Ear(sock, self._limit))

    def _limit(self, sock: socket.socket) -> None:
        """Let the socket's next wait end in time; TimeoutError when no time is left."""
        left = min(self._patience.answer, self._end - time.monotonic())
        if left <= 0:
            raise TimeoutError("the time for this letter is over")
        sock.settimeout(left)


class _Ear(io.RawIOBase):
    """The bytes of a socket, as long as there is time: an answer that drips for ever ends as well."""

    def __init__(self, sock: socket.socket, limit: Callable[[socket.socket], None]) -> None:
        self._sock = sock
        self._limit = limit

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        self._limit(self._sock)
        return self._sock.recv_into(buffer)


def _verifying(ca: str | None) -> SSLContext:
    import ssl  # noqa: PLC0415 -- as smtplib

    return ssl.create_default_context(cafile=ca)


@contextmanager
def _connection(server: SmtpServer, patience: Patience, our_name: str) -> Iterator[_Line]:
    line = _Line(server, patience, our_name)
    try:
        yield line
    finally:
        line.hang_up()


@contextmanager
def _nothing_sent_yet() -> Iterator[None]:
    """Whatever the network or TLS does to us in here, the letter was not sent."""
    try:
        yield
    except (OSError, ValueError) as error:  # ValueError: a host's name that is none, or a file that is no authority
        raise MailRefused(f"The mail server was not reached, or broke off ({type(error).__name__}).") from None


def _check(letter: Letter) -> None:
    """Refuse what could say more to a server than one letter to one recipient."""
    if not _ADDRESS.fullmatch(letter.to):
        raise AddressRefused("The address is none that a letter could be sent to.")
    if not _ADDRESS.fullmatch(letter.sender):
        raise MailRefused("The sender is no plain address.")
    if _BARE_LINE_END.search(letter.message):
        raise MailRefused("The letter has line ends that servers read in different ways.")


def _expect(what: str, code: int, reply: _Reply, *, address_counts: bool = False) -> None:
    if reply.code != code:
        raise _refusal(what, reply, address_counts=address_counts)


def _refusal(what: str, reply: _Reply, *, address_counts: bool = False) -> MailRefused:
    sentence = f"The mail server refused {what} ({reply})."
    if address_counts and _NO_MAILBOX.fullmatch(reply.status):
        return AddressRefused(sentence, answered=True)
    return MailRefused(sentence, answered=True)

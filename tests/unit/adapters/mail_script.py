"""A mail server that answers in plain text what a test tells it to, or hangs up, or says nothing; and its caller."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import BinaryIO, Self

import pytest

from chalicelib.adapters.smtp_mailer import Patience, SmtpMailer, SmtpServer, Tls
from chalicelib.domain.errors import MailRefused
from chalicelib.operations.ports import Letter
from tests.unit.adapters.post_office import HERE

LETTER = Letter(
    sender="cloud@example.org",
    to="guest@example.com",
    message_id="<1@example.org>",
    message=b"Message-ID: <1@example.org>\r\n\r\nready\r\n",
)

HASTE = Patience(connect=5.0, answer=1.0, letter=2.0, goodbye=0.5)
"""For servers that let one wait; with the others a busy machine must not run out of time."""


@dataclass(frozen=True, slots=True)
class Deed:
    """What a script does in place of an answer."""

    name: str


HANG_UP = Deed("hang up")
SILENCE = Deed("silence")
DRIP = Deed("an answer that never ends")

FRIENDLY: dict[str, str | Deed] = {
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

    def __init__(self, **changes: str | Deed) -> None:
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
        return SmtpMailer(self.server, no_password, HASTE if slow else Patience())

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


def no_password() -> str:
    """Stand for the keyring where there is no login."""
    raise AssertionError("nobody was to ask for the password")


@contextmanager
def refused() -> Iterator[pytest.ExceptionInfo[MailRefused]]:
    """Expect MailRefused itself: later may go what did not go now."""
    with pytest.raises(MailRefused) as caught:
        yield caught
    assert type(caught.value) is MailRefused

"""Letters as files in a maildir, as the `Mailer` port: mail for one machine, without a mail server.

A letter is written beside its place and renamed into it, so an error means that nothing was delivered. The same letter
sent twice lies there twice, with one Message-ID. Who reads the maildir is not known here.
"""

from __future__ import annotations

import mailbox
import threading
from email.headerregistry import Address
from email.message import EmailMessage
from pathlib import Path

from chalicelib.domain.errors import MailRefused
from chalicelib.operations.ports import Clock, Letter


class MaildirMailer:
    """Delivers into the maildir at `path` (made when missing, mode 0700); `sender` is the From header."""

    def __init__(self, path: Path | str, sender: str, clock: Clock) -> None:
        self._path = Path(path)
        self._sender = sender
        self._clock = clock
        self._lock = threading.Lock()  # the standard library numbers deliveries without one

    def send(self, letter: Letter) -> None:
        """Deliver one letter. MailRefused: it was not delivered (the disk said no); never MailUnknown."""
        message = self._message(letter)
        try:
            with self._lock:
                mailbox.Maildir(self._path, create=True).add(message)
        except (OSError, mailbox.Error) as error:
            raise MailRefused(f"The maildir did not take the mail ({type(error).__name__}).") from error

    def _message(self, letter: Letter) -> EmailMessage:
        message = EmailMessage()
        message["From"] = self._sender
        message["To"] = Address(addr_spec=letter.to)
        message["Subject"] = letter.subject
        message["Date"] = self._clock.now()
        message["Message-ID"] = letter.message_id
        message["Auto-Submitted"] = "auto-generated"
        # Lines as they are, where they may be: a link that is folded in the file is no link for whoever reads the file.
        message.set_content(letter.text, cte="7bit" if letter.text.isascii() else "8bit")
        return message

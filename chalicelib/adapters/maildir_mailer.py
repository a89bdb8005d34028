"""Letters as files in a maildir, as the `Mailer` port: mail for one machine, without a mail server.

A letter is written beside its place and renamed into it, so an error means that nothing was delivered. The same letter
sent twice lies there twice, with one Message-ID. What is in a letter is the renderer's matter; who reads the maildir is
not known here.
"""

from __future__ import annotations

import mailbox
import threading
from pathlib import Path

from chalicelib.domain.errors import MailRefused
from chalicelib.operations.ports import Letter


class MaildirMailer:
    """Delivers into the maildir at `path`, which is made when it is missing (mode 0700)."""

    def __init__(self, path: Path | str) -> None:
        self._path = Path(path)
        self._lock = threading.Lock()  # the standard library numbers deliveries without one

    def send(self, letter: Letter) -> None:
        """Deliver one letter. MailRefused: it was not delivered (the disk said no); never MailUnknown."""
        # The bytes as they are, never a parsed message: that would be folded anew, and a folded link is no link for
        # whoever reads the file. Files of a maildir have the line ends of their machine.
        lines = letter.message.replace(b"\r\n", b"\n")
        try:
            with self._lock:
                mailbox.Maildir(self._path, create=True).add(lines)
        except (OSError, mailbox.Error) as error:
            raise MailRefused(f"The maildir did not take the mail ({type(error).__name__}).") from error

"""Letters as files in a maildir, as the `Mailer` port: mail for one machine, without a mail server.

A letter is written beside its place and renamed into it, so an error means that nothing was delivered. The same letter
sent twice lies there twice, with one Message-ID. What is in a letter is the renderer's matter; who reads the maildir is
not known here.
"""

from __future__ import annotations

import errno
import mailbox
import os
import secrets
import socket
import threading
from io import RawIOBase
from pathlib import Path

from chalicelib.domain.errors import MailRefused
from chalicelib.operations.ports import Letter


class MaildirMailer:
    """Delivers into the maildir at `path`, which is made when it is missing (mode 0700)."""

    def __init__(self, path: Path | str) -> None:
        self._path = Path(path)
        self._lock = threading.Lock()  # two letters of one process lie in the order in which they were sent

    def send(self, letter: Letter) -> None:
        """Deliver one letter. MailRefused: it was not delivered (the disk said no); never MailUnknown."""
        # The bytes as they are, never a parsed message: that would be folded anew, and a folded link is no link for
        # whoever reads the file. Files of a maildir have the line ends of their machine.
        lines = letter.message.replace(b"\r\n", b"\n")
        try:
            with self._lock:
                self._deliver(lines)
        except OSError as error:
            raise MailRefused(f"The maildir did not take the mail ({type(error).__name__}).") from error

    def _deliver(self, lines: bytes) -> None:
        """Write the letter beside its place, then rename it; on a full disk nothing of it stays.

        `mailbox.Maildir.add` leaves what it had begun: it closes the file before it removes it, and closing fails too.
        """
        mailbox.Maildir(self._path, create=True)
        begun = self._path / "tmp" / secrets.token_hex(8)
        try:
            with begun.open("xb", buffering=0) as file:
                _write_whole(file, lines)
                os.fsync(file.fileno())
                written = os.fstat(file.fileno()).st_mtime_ns
            # named by its time, as everybody names the files of a maildir: they are read in this order
            seconds, rest = divmod(written, 10**9)
            begun.rename(self._path / "new" / f"{seconds}.M{rest // 1000:06}R{begun.name}.{socket.gethostname()}")
        except BaseException:
            begun.unlink(missing_ok=True)
            raise


def _write_whole(file: RawIOBase, lines: bytes) -> None:
    """OSError when there was room for a part of it."""
    if file.write(lines) != len(lines):
        raise OSError(errno.ENOSPC, "only a part of the letter was written")

"""The mails in the maildir as JSON: what the mailbox page and scripts read instead of a mail program.

Mails are numbered from 1 in the order of their delivery; a number keeps its mail as long as none is removed by hand.
What is inside is not judged: whoever shows it must take it for text of a stranger.
"""

from __future__ import annotations

import email.policy
import re
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage, MIMEPart
from email.parser import BytesParser
from functools import lru_cache
from pathlib import Path
from typing import Any

_NAME = re.compile(r"(\d+)\.M(\d+)P\d+(?:Q(\d+))?\.")


@dataclass(frozen=True, slots=True, kw_only=True)
class MailView:
    """Reads the maildir at `path`, which may not exist yet."""

    path: Path

    def newest(self, limit: int) -> list[dict[str, Any]]:
        """The newest mails, newest first."""
        numbered = list(enumerate(self._files(), start=1))
        return [{"n": number, **_parsed(file)} for number, file in reversed(numbered[-limit:])]

    def one(self, number: int) -> dict[str, Any] | None:
        """One mail by its number, or None."""
        files = self._files()
        if not 1 <= number <= len(files):
            return None
        return {"n": number, **_parsed(files[number - 1])}

    def _files(self) -> list[Path]:
        files = [file for room in ("new", "cur") for file in (self.path / room).glob("*.M*")]
        return sorted(files, key=lambda file: (_delivered(file.name), file.name))


def _delivered(name: str) -> tuple[int, int, int]:
    match = _NAME.match(name)
    return (int(match[1]), int(match[2]), int(match[3] or 0)) if match else (0, 0, 0)


@lru_cache(maxsize=4096)
def _parsed(file: Path) -> dict[str, Any]:
    with file.open("rb") as opened:
        message = BytesParser(EmailMessage, policy=email.policy.default).parse(opened)
    return {
        "from": str(message["From"] or ""),
        "to": str(message["To"] or ""),
        "subject": str(message["Subject"] or ""),
        "date": _date(message),
        "message_id": str(message["Message-ID"] or ""),
        "text": _content(message.get_body(("plain",))) or "",
        "html": _content(message.get_body(("html",))),
        "attachments": [_attachment(part) for part in message.iter_attachments()],
    }


def _date(message: EmailMessage) -> str | None:
    moment = getattr(message["Date"], "datetime", None)
    return moment.isoformat() if isinstance(moment, datetime) else None


def _attachment(part: MIMEPart) -> dict[str, Any]:
    """Name, type and text of an attachment; its text is null when it is none."""
    return {"name": part.get_filename() or "attachment", "type": part.get_content_type(), "text": _content(part)}


def _content(part: MIMEPart | None) -> str | None:
    """The text of a part with newlines as line ends, None where there is no such part or it is not text."""
    if part is None or part.get_content_maintype() != "text":
        return None
    try:
        text = str(part.get_content())
    except LookupError:  # a charset that nobody knows: what is ASCII can be read all the same
        text = bytes(part.get_payload(decode=True) or b"").decode("ascii", "replace")
    return text.replace("\r\n", "\n")

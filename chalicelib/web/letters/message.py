"""How the parts of a letter become one message: plain text and HTML side by side, the calendar file attached.

The same parts give the same bytes: nothing random is in a message, so that a second copy can be recognised. Lines stay
as they are, because a link that the transfer encoding breaks is no link to whoever reads the file.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

from chalicelib.web.letters.calendar_file import CalendarFile

LONGEST_LINE = 998
"""Octets without the line end (RFC 5322, 2.1.1)."""

POLICY = SMTP.clone(max_line_length=LONGEST_LINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a message is made of; lines of `text` and `html` are shorter than 998 octets.

    `reply_to` is who answers, where that is not the sender.
    """

    sender: Address
    to: Address
    subject: str
    date: datetime
    message_id: str
    text: str
    html: str
    calendar: CalendarFile | None
    reply_to: Address | None = None


def compose(parts: Parts) -> bytes:
    """The message as it travels, CRLF line ends included."""
    message = EmailMessage(policy=POLICY)
    message["From"] = parts.sender
    message["To"] = parts.to
    if parts.reply_to is not None:
        message["Reply-To"] = parts.reply_to
    message["Subject"] = parts.subject
    message["Date"] = parts.date
    message["Message-ID"] = parts.message_id
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(parts.text, cte=_encoding(parts.text))
    message.add_alternative(parts.html, subtype="html", cte=_encoding(parts.html))
    if parts.calendar is not None:
        _attach(message, parts.calendar)
    message["Content-Language"] = "en"  # last: what is set before moves into the first part
    _settle(message, parts.message_id)
    return message.as_bytes()


def _encoding(text: str) -> str:
    return "7bit" if text.isascii() else "8bit"


def _attach(message: EmailMessage, calendar: CalendarFile) -> None:
    message.add_attachment(
        calendar.text,
        subtype="calendar",
        cte=_encoding(calendar.text),
        filename=calendar.name,
        params={"method": calendar.method, "name": calendar.name},
    )


def _settle(message: EmailMessage, message_id: str) -> None:
    """Give every multipart a boundary that follows from the Message-ID; the inner parts need no MIME-Version."""
    for number, part in enumerate(message.walk()):
        if part is not message:
            del part["MIME-Version"]
        if part.is_multipart():
            part.set_boundary(f"={hashlib.sha256(f'{number}{message_id}'.encode()).hexdigest()[:32]}=")

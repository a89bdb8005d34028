"""A letter taken apart as a mail program does it, for every test that reads one."""

from __future__ import annotations

import email
from collections.abc import Mapping
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage

from chalicelib.operations.ports import Letter


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadLetter:
    """What a person gets to see; line ends are newlines, names of headers are lower-case.

    `html` is empty where a letter has none, `calendar` is the text of its .ics or None.
    """

    subject: str
    text: str
    html: str
    calendar: str | None
    headers: Mapping[str, str]


def read(letter: Letter | bytes) -> ReadLetter:
    """Take a letter apart, or the bytes of a message as they travel or lie in a maildir."""
    message = parsed(letter)
    attached = [part for part in message.iter_attachments() if part.get_content_type() == "text/calendar"]
    assert len(attached) <= 1
    return ReadLetter(
        subject=str(message["Subject"]),
        text=_content(message.get_body(("plain",))),
        html=_content(message.get_body(("html",))),
        calendar=_content(attached[0]) if attached else None,
        headers={name.lower(): str(value) for name, value in message.items()},
    )


def parsed(letter: Letter | bytes) -> EmailMessage:
    """The message with its parts; nothing in it may be malformed."""
    message = email.message_from_bytes(
        letter if isinstance(letter, bytes) else letter.message, EmailMessage, policy=policy.default
    )
    assert [defect for part in message.walk() for defect in part.defects] == []
    return message


def _content(part: object) -> str:
    return str(part.get_content()).replace("\r\n", "\n") if isinstance(part, EmailMessage) else ""

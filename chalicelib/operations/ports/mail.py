"""How notices become letters, and how letters leave."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from chalicelib.domain.instance import Instance
from chalicelib.domain.notice import Notice


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A mail that is ready to leave: its envelope, and the whole message as it travels.

    `sender` and `to` are bare ASCII addresses. `message` is RFC 5322 with CRLF line ends and at most 998 octets a
    line, ASCII or with `Content-Transfer-Encoding` where it is not; it carries `message_id`, which names the notice
    (`<0123456789ab.ready@domain>`) and is the same for every copy of it.
    """

    sender: str
    to: str = field(repr=False)
    message_id: str
    message: bytes = field(repr=False)


class Mailer(Protocol):
    """The way a mail leaves.

    AddressRefused: it was not sent, and never will be to this address. MailRefused: it was not sent; later it may be.
    MailUnknown: it may have been sent.
    """

    def send(self, letter: Letter) -> None:
        """Send one letter."""


class Letters(Protocol):
    """The renderer of notices; it raises nothing on purpose, so a failure is a bug and sends nothing."""

    def render(self, instance: Instance, notice: Notice, token: str) -> Letter:
        """The letter of one notice of this instance; `notice.due_at` is the moment of writing.

        `token` is what the letter's link carries: the confirm token for `confirm`, else the manage token.
        """

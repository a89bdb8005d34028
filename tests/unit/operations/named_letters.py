"""Letters without any art: the fake of `Letters` for tests that count mails and do not read them."""

from __future__ import annotations

from chalicelib.domain.instance import Instance
from chalicelib.domain.notice import Notice
from chalicelib.operations.ports import Letter

SENDER = "cloud@example.com"


class NamedLetters:
    """Writes the notice's key as the subject; can be told to fail as a renderer with a bug would."""

    def __init__(self) -> None:
        self._errors: list[Exception] = []

    def fail_next(self, error: Exception) -> None:
        """Let the next letter raise this."""
        self._errors.append(error)

    def render(self, instance: Instance, notice: Notice, token: str) -> Letter:
        """A letter that names what it is about: status, end and token are its text."""
        if self._errors:
            raise self._errors.pop(0)
        message_id = f"<{instance.id}.{notice.key}@example.com>"
        headers = f"From: {SENDER}\r\nTo: {instance.email}\r\nSubject: {notice.key}\r\nMessage-ID: {message_id}\r\n"
        text = f"{instance.status} {instance.expires_at} {token}\r\n"
        message = f"{headers}\r\n{text}".encode()
        return Letter(sender=SENDER, to=instance.email, message_id=message_id, message=message)

"""Letters without any art: the fake of `Letters` for tests that count mails and do not read them."""

from __future__ import annotations

from chalicelib.domain.instance import Instance
from chalicelib.domain.notice import Notice
from chalicelib.operations.ports import Letter


class NamedLetters:
    """Writes the notice's key as the subject; can be told to fail as a renderer with a bug would."""

    def __init__(self) -> None:
        self._errors: list[Exception] = []

    def fail_next(self, error: Exception) -> None:
        """Let the next letter raise this."""
        self._errors.append(error)

    def render(self, instance: Instance, notice: Notice, manage_token: str) -> Letter:
        """A letter that names what it is about."""
        if self._errors:
            raise self._errors.pop(0)
        return Letter(
            to=instance.email,
            message_id=f"<{instance.id}.{notice.key}@example.com>",
            subject=notice.key,
            text=f"{instance.status} {instance.expires_at} {manage_token}",
        )

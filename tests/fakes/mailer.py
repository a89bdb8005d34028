"""A mailer that keeps its letters, and fails when a test says so."""

from __future__ import annotations

from chalicelib.operations.ports import Letter


class FakeMailer:
    """`sent` holds what was delivered."""

    def __init__(self) -> None:
        self.sent: list[Letter] = []
        self._errors: list[Exception] = []
        self._lost: list[Exception] = []

    def send(self, letter: Letter) -> None:
        """Deliver one letter, or fail as told."""
        if self._errors:
            raise self._errors.pop(0)
        self.sent.append(letter)
        if self._lost:
            raise self._lost.pop(0)

    def fail_next(self, error: Exception) -> None:
        """Let the next delivery fail without an effect."""
        self._errors.append(error)

    def deliver_then_fail(self, error: Exception) -> None:
        """Let the next delivery have its effect and fail all the same (MailUnknown)."""
        self._lost.append(error)

"""The failures that a test has ordered of a fake: before a call's effect, or after it."""

from __future__ import annotations

from chalicelib.domain.errors import CccError


class Failures:
    """Errors in the order in which they were ordered, each for the next call of one method or of any (None)."""

    def __init__(self) -> None:
        self._before: list[tuple[str | None, CccError]] = []
        self._after: list[tuple[str | None, CccError]] = []

    def order_before(self, method: str | None, error: CccError) -> None:
        """Let the next such call have no effect."""
        self._before.append((method, error))

    def order_after(self, method: str | None, error: CccError) -> None:
        """Let the next such call have its effect and no answer."""
        self._after.append((method, error))

    def before(self, method: str) -> None:
        """Raise what was ordered for before this call, once."""
        _raise_first(method, self._before)

    def after(self, method: str) -> None:
        """Raise what was ordered for after this call, once."""
        _raise_first(method, self._after)


def _raise_first(method: str, errors: list[tuple[str | None, CccError]]) -> None:
    for index, (wanted, error) in enumerate(errors):
        if wanted in (None, method):
            del errors[index]
            raise error

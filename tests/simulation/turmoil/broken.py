"""What a run says when one of the invariants of the design does not hold."""

from __future__ import annotations


class Broken(BaseException):
    """An invariant does not hold; `number` is its number in the list of invariants (`docs/reliability.md`).

    No kind of Exception: the product catches every one of those where one row's trouble must not hold up the others.
    """

    def __init__(self, number: str, what: str) -> None:
        super().__init__(f"invariant {number}: {what}")
        self.number = number


def require(number: str, *, holds: bool, what: str) -> None:
    """Raise Broken unless the invariant holds."""
    if not holds:
        raise Broken(number, what)

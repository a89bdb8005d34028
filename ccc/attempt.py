"""Which try to make the machine goes on, in words; nothing is said of the first, which most are."""

from __future__ import annotations

from ccc.instance import OVER, Instance


def attempt_in_words(instance: Instance) -> str | None:
    """Return `2 of 3, begun again: WHY`, for one that has ended `3 of 3`; None for a first try."""
    attempt = instance.attempt
    if attempt is None or attempt.number <= 1:
        return None
    count = f"{attempt.number} of {attempt.most}"
    if instance.status in OVER:
        return count
    why = f", begun again: {attempt.begun_again}" if attempt.begun_again else ""
    return count + why

"""The words that live and plain progress have in common."""

from __future__ import annotations

AWAY = "waiting for the service to answer"
SLOW = "much longer than usual"


def in_words(step: str) -> str:
    """Return a stage's or status's name as words."""
    return step.replace("_", " ").replace("-", " ")

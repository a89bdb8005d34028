"""Chance and time: the only sources of both."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Ids(Protocol):
    """The only source of chance."""

    def new(self) -> str:
        """32 hex digits that nobody can guess and that never come again."""


class Clock(Protocol):
    """The only source of time."""

    def now(self) -> datetime:
        """Aware UTC, whole seconds."""

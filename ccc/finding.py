"""One line of `ccc doctor`: what was looked for, what is there, and the command that mends it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum


class State(StrEnum):
    """`missing` is what a start would fail for; a `note` is worth knowing and stops nothing."""

    OK = "ok"
    NOTE = "note"
    MISSING = "missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """`found` is a sentence without its full stop; `remedy` a command (None: there is nothing to do)."""

    name: str
    state: State
    found: str
    remedy: str | None = None

    def document(self) -> dict[str, str | None]:
        """Return it as --output json shows it."""
        return asdict(self)


def good(name: str, found: str) -> Finding:
    """Return that something is as it should be."""
    return Finding(name=name, state=State.OK, found=found)


def note(name: str, found: str, remedy: str | None = None) -> Finding:
    """Return something that stops nothing."""
    return Finding(name=name, state=State.NOTE, found=found, remedy=remedy)


def missing(name: str, found: str, remedy: str) -> Finding:
    """Return something that has to be mended first."""
    return Finding(name=name, state=State.MISSING, found=found, remedy=remedy)

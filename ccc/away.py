"""What is said when nothing usable answers: at which address, what named it, and how to go on from there.

A saved service whose box was ended stays current until somebody chooses another one. So whoever saved several hears
which one was meant and which others there are, with the command that changes to one of them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from ccc.errors import Unreachable

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
START = "make up    (starts the service on this machine; or give another --url)"
LIST = "ccc context list    (is the address right?)"


class NamedBy(StrEnum):
    """What said which address is meant."""

    FLAG = "--url"
    VARIABLE = "CCC_URL"
    CONTEXT_FLAG = "--context"
    CURRENT = "the current context"


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """A saved service: its name and its address."""

    name: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An address, what named it (None: nobody knows), the context's name, and the services saved elsewhere."""

    url: str
    named_by: NamedBy | None = None
    name: str | None = None
    others: tuple[Saved, ...] = ()


def unreachable(place: Place, reason: object) -> Unreachable:
    """Return the error for an address where nothing usable answers; `reason` is what the network said."""
    return Unreachable(
        f"Nothing usable answers at {place.url}.",
        details=(_sentence(reason), *_who_named(place), *_others(place)),
        next_command=_next(place),
    )


def _sentence(reason: object) -> str:
    """Return the reason without the library's object (`HTTPConnection(host=…): `) in front."""
    return re.sub(r"^<?\w+Connection(Pool)?[^:]*: ", "", str(reason))


def _who_named(place: Place) -> tuple[str, ...]:
    """Return what led there, unless it was typed with this very command."""
    match place.named_by:
        case NamedBy.CURRENT:
            return (f"It is the current context, {place.name}.",)
        case NamedBy.CONTEXT_FLAG:
            return (f"It is the context {place.name}.",)
        case NamedBy.VARIABLE:
            return ("CCC_URL names it; while it is set, no context counts.",)
        case NamedBy.FLAG | None:
            return ()


def _others(place: Place) -> tuple[str, ...]:
    named = ", ".join(f"{one.name} ({one.url})" for one in place.others)
    return (f"Other saved services: {named}",) if named else ()


def _next(place: Place) -> str:
    start = START if urlsplit(place.url).hostname in LOOPBACK else LIST
    if not place.others:
        return start
    name = place.others[0].name if len(place.others) == 1 else "NAME"
    match place.named_by:
        case NamedBy.CURRENT:
            return f"ccc context use {name}    (changes to another one; or: {start.partition('    ')[0]})"
        case NamedBy.VARIABLE:
            return f"unset CCC_URL CCC_TOKEN; ccc context use {name}    (or: {start.partition('    ')[0]})"
        case NamedBy.CONTEXT_FLAG | NamedBy.FLAG | None:
            return start

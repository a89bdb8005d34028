"""Who asks: a person whose browser shows whatever comes, or a program that reads a problem document.

A browser that follows a link or sends a form names text/html; what a page's own script fetches does not. A caller with
a token, with an idempotency key or with JSON is a program, whatever it says it accepts.
"""

from __future__ import annotations

import re
from collections.abc import Callable

PAGE = "text/html"
DOCUMENTS = frozenset({"application/json", "application/problem+json"})
OF_PROGRAMS = ("authorization", "idempotency-key")

_WEIGHT = re.compile(r"0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?")


def wants_page(header: Callable[[str], str | None]) -> bool:
    """Whether a refusal is to be a page; `header` gives the value of a header by its lower-case name, or None."""
    if any(header(name) is not None for name in OF_PROGRAMS):
        return False
    if (header("content-type") or "").lower().startswith(tuple(DOCUMENTS)):
        return False
    weights = dict(_weight(each) for each in (header("accept") or "").split(","))
    page = weights.get(PAGE, 0.0)
    return page > 0 and all(weights.get(kind, 0.0) <= page for kind in DOCUMENTS)


def _weight(accepted: str) -> tuple[str, float]:
    """A media type of Accept with its weight, 1 where none is said and 0 where none can be read (RFC 9110, 12.5.1)."""
    kind, *parameters = (part.strip().lower() for part in accepted.split(";"))
    said = next((each.removeprefix("q=") for each in parameters if each.startswith("q=")), "1")
    return kind, float(said) if _WEIGHT.fullmatch(said) else 0.0

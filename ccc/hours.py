"""The HOURS argument: a whole number from 1 on; the service knows the upper limit."""

from __future__ import annotations

from ccc.errors import WrongUse

DIGITS = 6  # more is no number of hours that anybody means


def hours_from(said: str) -> int:
    """Return the hours; raises WrongUse (without quoting what may be half a key)."""
    if said.isascii() and said.isdigit() and len(said) <= DIGITS and int(said) > 0:
        return int(said)
    shown = repr(said) if len(said) <= DIGITS else "that"
    raise WrongUse(f"HOURS is a whole number from 1 on; {shown} is not. (A key with spaces in it needs quotes.)")

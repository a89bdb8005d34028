"""Variables of an environment, read one by one: what is wrong is noted and reading goes on, to tell it all at once.

A value that is refused is never repeated, since it may be a secret in the wrong place.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from ipaddress import IPv6Address

from chalicelib.config.place import Place, place_of

_WHOLE = re.compile(r"[0-9]{1,9}")
_NAME = re.compile(r"[A-Za-z0-9._:/-]+")
# Nothing that a machine's record refuses (nix/lib/validate.nix, urlProblem), since its service's address goes there.
_URL = re.compile(
    r"https?://(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?|\[(?P<ipv6>[0-9A-Fa-f:.]+)\])"
    r"(?::(?P<port>[0-9]{1,5}))?(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*"
)
_LONGEST_URL = 500
_MOST_PORT = 65535
_FLAGS = {"true": True, "1": True, "false": False, "0": False}


class Variables:
    """A reader with a list of problems; a variable that is empty counts as absent."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self.problems: list[str] = []

    def problem(self, name: str, why: str) -> None:
        """Note what is wrong with a variable, once."""
        sentence = f"{name} {why}"
        if sentence not in self.problems:
            self.problems.append(sentence)

    def optional(self, name: str) -> str | None:
        """The value, or None."""
        return self._environment.get(name, "").strip() or None

    def text(self, name: str) -> str:
        """The value; it is a problem when there is none."""
        value = self.optional(name)
        if value is None:
            self.problem(name, "is not set")
        return value or ""

    def place(self, name: str, schemes: tuple[str, ...]) -> Place:
        """A URL of one of these schemes."""
        text = self.text(name)
        known = ", ".join(f"{scheme}:" for scheme in schemes)
        try:
            found = place_of(text)
        except ValueError:
            found = Place(scheme="")
        if text and found.scheme not in schemes:
            self.problem(name, f"is no URL of a kind that this release knows; it knows {known}")
        return found

    def url(self, name: str) -> str:
        """An http(s) URL of an ASCII host, perhaps a port and a plain path, without a trailing slash."""
        text = self.text(name).rstrip("/")
        if text and not is_plain_url(text):
            self.problem(
                name,
                "must be a plain address: http:// or https:// in small letters, a host in ASCII (punycode for other "
                "letters), perhaps a port, perhaps a path of letters, digits and . _ ~ - only, without a login or a "
                f"query; at most {_LONGEST_URL} characters",
            )
        return text

    def whole(self, name: str, *, default: int | None = None, least: int, most: int | None = None) -> int:
        """A whole number within bounds; required when there is no default."""
        text = self.optional(name)
        if text is None and default is not None:
            return default if most is None else min(default, most)
        if text is None or not _WHOLE.fullmatch(text):
            self.problem(name, "is not set" if text is None else "must be a whole number")
            return least
        if int(text) < least or (most is not None and int(text) > most):
            self.problem(name, f"must be at least {least}" + ("" if most is None else f" and at most {most}"))
        return int(text)

    def money(self, name: str) -> Decimal:
        """Euros, not negative."""
        text = self.text(name)
        try:
            amount = Decimal(text or "0")
        except InvalidOperation:
            amount = Decimal("NaN")
        if not amount.is_finite() or amount < 0:
            self.problem(name, "must be an amount of euros")
            return Decimal(0)
        return amount

    def names(self, name: str, *, required: bool = True) -> tuple[str, ...]:
        """Names separated by commas, in their order."""
        text = self.text(name) if required else self.optional(name) or ""
        found = tuple(each for part in text.split(",") if (each := part.strip()))
        if text and (not found or len(set(found)) != len(found) or not all(map(_NAME.fullmatch, found))):
            self.problem(name, "must be names separated by commas, each once")
        return found

    def flag(self, name: str, *, default: bool) -> bool:
        """`true` or `false`."""
        text = self.optional(name)
        if text is not None and text.lower() not in _FLAGS:
            self.problem(name, "must be true or false")
        return default if text is None else _FLAGS.get(text.lower(), default)

    def choice(self, name: str, values: tuple[str, ...], *, default: str) -> str:
        """One of these words."""
        text = self.optional(name) or default
        if text not in values:
            self.problem(name, f"must be one of: {', '.join(values)}")
        return text if text in values else default


def is_plain_url(text: str) -> bool:
    """Whether a text is an http(s) URL as `Variables.url` takes it."""
    if len(text) > _LONGEST_URL:
        return False
    found = _URL.fullmatch(text)
    if found is None or not 0 < int(found["port"] or 1) <= _MOST_PORT:
        return False
    try:
        return found["ipv6"] is None or bool(IPv6Address(found["ipv6"]))
    except ValueError:
        return False

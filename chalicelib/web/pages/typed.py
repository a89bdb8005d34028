"""What somebody typed into the signup form, as far as it may be shown to them again.

Never a private key, in whichever field it landed: a page may be kept, printed or looked at over a shoulder.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from chalicelib.domain.email import MAX_CHARS

MOST_OF_A_NAME = 40

_KEY = re.compile(r"\s*([a-z][a-z0-9@.-]{0,63}[ \t]+AAAA[A-Za-z0-9+/=]{0,12000})([ \t]+[^\r\n]*)?\s*")
_COMMENT = re.compile(r"[ \t]+[\w.@+ -]{1,40}")
_NUMBER = re.compile(r"-?[0-9.,]{0,9}")
_WORD = re.compile(r"[a-z0-9-]{0,32}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """The fields as text; empty where nothing was typed or where it must not be shown."""

    email: str = ""
    ssh_public_key: str = ""
    hours: str = ""
    server_type: str = ""
    location: str = ""

    @classmethod
    def of(cls, fields: Mapping[str, str]) -> Self:
        """What may be shown again of these fields."""
        return cls(
            email=_address(fields.get("email", "")),
            ssh_public_key=_key(fields.get("ssh_public_key", "")),
            hours=_matching(_NUMBER, fields.get("hours", "")),
            server_type=_matching(_WORD, fields.get("server_type", "")),
            location=_matching(_WORD, fields.get("location", "")),
        )


def _address(text: str) -> str:
    """The text if it can be a mistyped address; the body of a key is longer than a name, and has no @."""
    named = "@" in text or len(text) <= MOST_OF_A_NAME
    return text if named and len(text) <= MAX_CHARS and text.isprintable() and "PRIVATE" not in text.upper() else ""


def _key(text: str) -> str:
    """The line if it looks like a public key, as a private one never begins; a comment only if it is short."""
    match = _KEY.fullmatch(text)
    if match is None:
        return ""
    key, comment = match.groups()
    return f"{key}{_matching(_COMMENT, (comment or '').rstrip())}"


def _matching(pattern: re.Pattern[str], text: str) -> str:
    return text if pattern.fullmatch(text) else ""

"""Text of a machine, made safe to show: what would move a cursor or hide a line is written out instead."""

from __future__ import annotations

import unicodedata

_KEPT = frozenset("\n\t")
_HIDDEN = frozenset({"Cc", "Cf", "Co", "Zl", "Zp"})
"""Unicode categories: controls, direction marks, private use, line and paragraph separators."""


def printable(text: str, most: int) -> str:
    r"""The last `most` characters, with controls as `\x1b` or `\u202e` and carriage returns gone."""
    shown = "".join(_shown(character) for character in text.replace("\r\n", "\n")[-most:])
    return shown[-most:]


def _shown(character: str) -> str:
    if character in _KEPT or unicodedata.category(character) not in _HIDDEN:
        return character
    return character.encode("unicode_escape").decode()

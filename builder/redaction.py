"""What may not leave in a log line: private keys, tokens, the guest's key comment; and control characters.

A filter of one build, fed line by line in order, since a private key goes over several lines. It knows the order's
secrets by their text, and all others by their shape.
"""

from __future__ import annotations

import re

from chalicelib.domain.build import BuildOrder

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-~])")
_TOKEN = re.compile(r"ccc_[a-z]+_[A-Za-z0-9_-]+")
_KEY_BEGINS = re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----")
_KEY_ENDS = re.compile(r"-----END [A-Z0-9 ]*PRIVATE KEY-----")
_KEY_BODY = re.compile(r"[A-Za-z0-9+/=\s\\]*\Z")
_TELLING = 8
"""Pieces of a key shorter than this tell nothing, and would blot out innocent words."""


class Redaction:
    """Turns raw output lines into lines that may be shown."""

    def __init__(self, order: BuildOrder, claim_code: str) -> None:
        self._in_key = False
        self._texts = _secret_texts(order, claim_code)
        comment = order.authorized_key.split(" ", 2)[2:]
        self._comment = re.compile(rf"(?<!\w){re.escape(comment[0])}(?!\w)") if comment else None

    def __call__(self, raw: str) -> str | None:
        """The line to show, or None for a line that was nothing but a part of a private key."""
        line = _printable(raw)
        if self._swallowed(line):
            return None
        if _KEY_BEGINS.search(line):
            self._in_key = not _KEY_ENDS.search(line)
            return "[private key]"
        for text in self._texts:
            line = line.replace(text, "[redacted]")
        line = _TOKEN.sub("[token]", line)
        return self._comment.sub("[comment]", line) if self._comment else line

    def _swallowed(self, line: str) -> bool:
        if not self._in_key:
            return False
        if _KEY_ENDS.search(line):
            self._in_key = False
            return True
        self._in_key = bool(_KEY_BODY.match(line))
        return self._in_key


def _secret_texts(order: BuildOrder, claim_code: str) -> list[str]:
    keys = (order.install_key.private, order.final_host_key.private)
    lines = [line for key in keys for line in key.splitlines() if not line.startswith("-----")]
    texts = [claim_code, order.build_token, *lines]
    return sorted((text for text in texts if len(text) >= _TELLING), key=len, reverse=True)


def _printable(raw: str) -> str:
    plain = _ESCAPES.sub("", raw).replace("\t", " ")
    return "".join(character for character in plain if character.isprintable())

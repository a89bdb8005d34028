"""Label selectors: `a=b`, `a==b`, `a!=b`, `a`, `!a`, `a in (b,c)`, `a notin (b,c)`, joined by commas."""

import re
from collections.abc import Callable, Mapping

from hetzner_emulator.errors import ApiError

Labels = Mapping[str, str]
Test = Callable[[Labels], bool]

_KEY = r"[A-Za-z0-9][A-Za-z0-9._/-]*"
_VALUE = r"[A-Za-z0-9._-]*"
_SET = re.compile(rf"({_KEY})\s+(in|notin)\s*\(([^()]*)\)")
_COMPARED = re.compile(rf"({_KEY})\s*(==|!=|=)\s*({_VALUE})")
_PRESENT = re.compile(rf"(!?)\s*({_KEY})")
_COMMA = re.compile(r",(?![^(]*\))")


def parse(text: str) -> Test:
    """Return the test that labels must pass; anything else than the forms above is a 400."""
    tests = [_requirement(part.strip()) for part in _COMMA.split(text) if part.strip()]
    return lambda labels: all(test(labels) for test in tests)


def _requirement(text: str) -> Test:
    if match := _SET.fullmatch(text):
        key, word, inside = match.groups()
        values = {value.strip() for value in inside.split(",")}
        wanted = word == "in"
        return lambda labels: (labels.get(key) in values) is wanted
    if match := _COMPARED.fullmatch(text):
        name, sign, value = match.groups()
        equal = sign != "!="
        return lambda labels: (labels.get(name) == value) is equal
    if match := _PRESENT.fullmatch(text):
        absent, label = match.groups()
        return lambda labels: (label in labels) is not bool(absent)
    raise ApiError(400, "invalid_input", "invalid label_selector", {"fields": [{"name": "label_selector"}]})

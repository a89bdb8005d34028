"""The provider's rules for what a request may hold; each check returns the value or raises its 422."""

import re
from typing import Any

from hetzner_emulator.errors import invalid

_HOST_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOSTNAME = re.compile(rf"{_HOST_LABEL}(\.{_HOST_LABEL})*")
_LABEL_NAME = r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?"
_LABEL_KEY = re.compile(rf"([A-Za-z0-9.-]{{1,253}}/)?{_LABEL_NAME}")
_LABEL_VALUE = re.compile(rf"({_LABEL_NAME})?")
_LONGEST_NAME = 63
_USER_DATA_BYTES = 32 * 1024


def server_name(value: Any) -> str:
    """A hostname by RFC 1123, at most 63 characters."""
    if not isinstance(value, str) or len(value) > _LONGEST_NAME or not _HOSTNAME.fullmatch(value):
        raise invalid("name", "name must be a valid hostname")
    return value


def key_name(value: Any) -> str:
    """Any text that is not empty."""
    if not isinstance(value, str) or not value.strip():
        raise invalid("name", "missing data for required field")
    return value


def labels(value: Any) -> dict[str, str]:
    """Keys of at most 63 characters (with an optional prefix), values of at most 63."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise invalid("labels", "must be an object")
    for key, text in value.items():
        if not _LABEL_KEY.fullmatch(key) or not isinstance(text, str) or not _LABEL_VALUE.fullmatch(text):
            raise invalid("labels", f"label '{key[:80]}' is not valid")
    return dict(value)


def user_data(value: Any) -> str:
    """At most 32 KiB of text."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise invalid("user_data", "must be a string")
    if len(value.encode()) > _USER_DATA_BYTES:
        raise invalid("user_data", "must be at most 32 KiB")
    return value


def flag(body: dict[str, Any], name: str, *, default: bool) -> bool:
    """Return a true or false field."""
    value = body.get(name, default)
    if value is None:
        return default
    if not isinstance(value, bool):
        raise invalid(name, "must be a boolean")
    return value


def text(body: dict[str, Any], name: str, default: str = "") -> str:
    """Return a field of text."""
    value = body.get(name, default)
    if value is None:
        return default
    if not isinstance(value, str):
        raise invalid(name, "must be a string")
    return value

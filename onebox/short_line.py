"""What of the gateway's log a person at the terminal is shown: one short line an event, and none for a usual answer.

The log's shape is `chalicelib/log.py`'s. A line of another shape is shown as it is: it may be the reason why all fails.
"""

from __future__ import annotations

import json
from typing import Any

_ANSWERED = "http.answered"
_TOLD_OTHERWISE = frozenset({"at", "level", "event", "logger", "alarm", "where"})


def short_line(line: str) -> str | None:
    """`04:27:17 instance.raised instance_id=… error=…` (UTC); None for a request that was answered as usual."""
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return line
    if not isinstance(entry, dict) or not all(isinstance(entry.get(name), str) for name in ("at", "level", "event")):
        return line
    if entry["event"] == _ANSWERED and entry["level"] == "info":
        return None
    return " ".join([*_beginning(entry), *_fields(entry)])


def _beginning(entry: dict[str, Any]) -> list[str]:
    time = entry["at"][11:19]
    level = [] if entry["level"] in {"info", "error"} else [entry["level"]]
    alarm = ["ALARM"] if entry.get("alarm") is True else []
    return [_plain(part) for part in (time, *level, *alarm, entry["event"])]


def _fields(entry: dict[str, Any]) -> list[str]:
    told = [f"{_plain(name)}={_value(value)}" for name, value in entry.items() if name not in _TOLD_OTHERWISE]
    where = entry.get("where")
    return [*told, f"where={_value(where[-1])}"] if isinstance(where, list) and where else told


def _value(value: Any) -> str:
    """The value in one word, in JSON's quotes where it would fall apart or holds what a terminal would obey."""
    if isinstance(value, str) and value and _plain(value) == value and not set(value) & set(' "='):
        return value
    return json.dumps(value)


def _plain(text: str) -> str:
    return text if text.isprintable() else json.dumps(text)

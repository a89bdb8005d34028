"""Logs as one JSON object a line: the event's name and its fields, never a key, a token or an address.

Whoever logs gives `extra={"fields": {...}}`. What looks like a token, an SSH key or an address is struck out here all
the same, and of an exception only its kind and where it happened are told: its text may quote what a guest typed.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, TextIO

_SECRET = re.compile(
    r"ccc_[a-z]+_[A-Za-z0-9_-]+"
    r"|AAAA[A-Za-z0-9+/]{20,}={0,2}"
    r"|[^\s\"'<>(),;:]+@[A-Za-z0-9.-]+"
    r"|-{2,5} ?BEGIN [A-Z ]+-{2,5}.*",
    re.DOTALL,
)
"""Our tokens, the body of an SSH key, addresses, private keys."""

_FRAMES = 12
_invoked: ContextVar[str] = ContextVar("invoked", default="")


class JsonFormatter(logging.Formatter):
    """A record as a line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """`{"at", "level", "event", …fields, "error", "where"}`, as text where JSON does not know a value.

        Within an `invocation` there is its `aws_request_id`, too.
        """
        fields = getattr(record, "fields", None)
        line: dict[str, Any] = {
            "at": f"{datetime.fromtimestamp(record.created, UTC):%Y-%m-%dT%H:%M:%S.%fZ}",
            "level": record.levelname.lower(),
            "event": _clean(record.getMessage()),
            "logger": record.name,
            **({"aws_request_id": _clean(_invoked.get())} if _invoked.get() else {}),
            **({"alarm": True} if getattr(record, "alarm", False) else {}),
            **({str(key): _plain(value) for key, value in fields.items()} if isinstance(fields, dict) else {}),
        }
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            line["error"] = type(error).__name__
            line["where"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in _frames(error)]
        return json.dumps(line, separators=(",", ":"))


def configure(stream: TextIO | None = None) -> None:
    """Send the logs of `ccc.*` to one stream (standard output), and to no other handler; calling again is harmless."""
    log = logging.getLogger("ccc")
    handler = logging.StreamHandler(stream or sys.stdout)
    handler.setFormatter(JsonFormatter())
    log.handlers = [handler]
    log.setLevel(logging.INFO)
    log.propagate = False  # Lambda's own handler on the root logger would print every line again, in its own form


@contextmanager
def invocation(context: object) -> Iterator[None]:
    """Within this every line of this thread names the invocation, by the id that Lambda gave its context."""
    before = _invoked.set(str(getattr(context, "aws_request_id", "") or ""))
    try:
        yield
    finally:
        _invoked.reset(before)


def _frames(error: BaseException) -> list[traceback.FrameSummary]:
    return list(traceback.extract_tb(error.__traceback__))[-_FRAMES:]


def _plain(value: Any) -> Any:
    return value if isinstance(value, bool | int | float) or value is None else _clean(str(value))


def _clean(text: str) -> str:
    return _SECRET.sub("***", text)

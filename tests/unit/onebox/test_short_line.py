"""What a person is shown of the gateway's log."""

from __future__ import annotations

import io
import json
import logging
from typing import Any

import pytest

from chalicelib.log import JsonFormatter
from onebox.short_line import short_line


def _line(**fields: Any) -> str:
    return json.dumps(
        {"at": "2026-11-23T04:27:17.123456Z", "level": "info", "event": "thing.done", "logger": "ccc.x", **fields}
    )


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ({"event": "http.answered", "status": 200}, None),
        ({"event": "http.answered", "level": "warning"}, "04:27:17 warning http.answered"),
        ({"instance_id": "0123456789ab", "tries": 3}, "04:27:17 thing.done instance_id=0123456789ab tries=3"),
        ({"level": "error", "error": "OSError"}, "04:27:17 thing.done error=OSError"),
        ({"level": "error", "alarm": True}, "04:27:17 ALARM thing.done"),
        ({"where": ["a.py:1 f", "b.py:2 g"]}, '04:27:17 thing.done where="b.py:2 g"'),
        ({"why": "two words", "not": None, "is": False}, '04:27:17 thing.done why="two words" not=null is=false'),
        ({"why": "", "x": "a=b"}, '04:27:17 thing.done why="" x="a=b"'),
        ({"why": "\x1b[2J"}, '04:27:17 thing.done why="\\u001b[2J"'),
        ({"event": "a\nb"}, '04:27:17 "a\\nb"'),
    ],
)
def test_an_event_is_one_short_line(fields: dict[str, Any], shown: str | None) -> None:
    """Time, event and fields; nothing that a terminal would obey; usual answers not at all."""
    assert short_line(_line(**fields)) == shown


@pytest.mark.parametrize(
    "line",
    ["", "Traceback (most recent call last):", "{", "[1]", '"text"', '{"event": "x"}', '{"at": 1}', "[" * 100_000],
)
def test_any_other_line_is_shown_as_it_is(line: str) -> None:
    """What is no event of the log may be why nothing works."""
    assert short_line(line) == line


def test_the_log_of_the_product_has_this_shape() -> None:
    """What its formatter writes is shortened."""
    handler = logging.StreamHandler(stream := io.StringIO())
    handler.setFormatter(JsonFormatter())
    record = logging.LogRecord("ccc.x", logging.WARNING, __file__, 1, "thing.odd", None, None)
    record.fields = {"instance_id": "0123456789ab"}
    handler.emit(record)
    shown = short_line(stream.getvalue())
    assert shown is not None
    assert shown.partition(" ")[2] == "warning thing.odd instance_id=0123456789ab"

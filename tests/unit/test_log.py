"""The log: one JSON object a line, and nothing personal in it."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from chalicelib import log
from chalicelib.adapters.log_alarms import LogAlarms


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """The stream the log goes to; afterwards the log is as it was."""
    ours = logging.getLogger("ccc")
    before = (ours.handlers, ours.level, ours.propagate)
    stream = io.StringIO()
    log.configure(stream)
    yield stream
    ours.handlers, ours.propagate = before[0], before[2]
    ours.setLevel(before[1])


def only(lines: io.StringIO) -> dict[str, Any]:
    """The one line that was written."""
    (line,) = lines.getvalue().splitlines()
    found: dict[str, Any] = json.loads(line)
    return found


def test_an_event_is_one_line_with_its_fields(lines: io.StringIO) -> None:
    """Event, level and fields stand in one JSON object."""
    logging.getLogger("ccc.reaper").info("instance.reaped", extra={"fields": {"instance_id": "0123456789ab", "n": 2}})
    found = only(lines)
    assert (found["event"], found["level"], found["instance_id"], found["n"]) == (
        "instance.reaped",
        "info",
        "0123456789ab",
        2,
    )


def test_an_alarm_can_be_filtered(lines: io.StringIO) -> None:
    """An alarm carries the mark that a metric filter looks for."""
    LogAlarms().raise_alarm("clock.disagrees", seconds=90)
    assert (only(lines)["alarm"], only(lines)["seconds"]) == (True, 90)


def test_an_exception_is_told_without_its_words(lines: io.StringIO) -> None:
    """Of an error its kind and place are logged; its text, which may quote a guest, is not."""
    try:
        int("canary words of a guest")
    except ValueError:
        logging.getLogger("ccc.http").exception("http.failed")
    found = only(lines)
    assert found["error"] == "ValueError"
    assert any("test_log.py" in place for place in found["where"])
    assert "canary" not in lines.getvalue()


@pytest.mark.parametrize(
    "secret",
    ["ccc_manage_AbC-_123", "guest.name+tag@mail.example.org", "-----BEGIN OPENSSH PRIVATE KEY-----\nabc"],
)
def test_tokens_keys_and_addresses_are_struck_out(lines: io.StringIO, secret: str) -> None:
    """What looks like a token, a private key or an address does not reach the log, wherever it stands."""
    logging.getLogger("ccc.x").warning("it was %s", secret, extra={"fields": {"what": f"<{secret}>"}})
    assert secret not in lines.getvalue()
    assert "abc" not in lines.getvalue()
    assert "***" in only(lines)["event"]


def test_configuring_twice_prints_once(lines: io.StringIO) -> None:
    """A warm start that configures again does not double the lines."""
    log.configure(lines)
    logging.getLogger("ccc.x").info("once")
    assert only(lines)["event"] == "once"


def test_lines_of_an_invocation_name_it(lines: io.StringIO) -> None:
    """Lambda's own id of the call stands in every line while it lasts, and in none before and after."""
    ours = logging.getLogger("ccc.x")
    ours.info("before")
    with log.invocation(SimpleNamespace(aws_request_id="8476a536-e9f4-11e8-9739-2dfe598c3fcd")):
        ours.info("within")
    with log.invocation(None):
        ours.info("of none")
    told = [json.loads(line) for line in lines.getvalue().splitlines()]
    ids = [line.get("aws_request_id") for line in told]
    assert ids == [None, "8476a536-e9f4-11e8-9739-2dfe598c3fcd", None]

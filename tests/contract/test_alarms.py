"""What every `Alarms` promises: it takes an event with fields and never raises."""

from __future__ import annotations

import logging

import pytest

from chalicelib.adapters.log_alarms import LogAlarms
from chalicelib.operations.ports import Alarms
from tests.fakes.alarms import FakeAlarms


@pytest.mark.parametrize("alarms", [FakeAlarms(), LogAlarms()], ids=["fake", "log"])
def test_an_alarm_is_taken_with_any_fields(alarms: Alarms) -> None:
    """Fields may hold anything, an object without a text of its own included."""

    class Unprintable:
        def __str__(self) -> str:
            raise RuntimeError("no text")

    assert alarms.raise_alarm("stack.frozen", epoch=3, strange=Unprintable()) is None  # type: ignore[func-returns-value]  # the fact is that nothing was raised


def test_fake_alarms_keep_event_and_fields() -> None:
    """A test can see what was raised."""
    alarms = FakeAlarms()
    alarms.raise_alarm("reap.capped", orphans=7)
    assert alarms.raised == [("reap.capped", {"orphans": 7})]
    assert alarms.events() == ["reap.capped"]


def test_log_alarms_are_errors_with_a_name_and_fields(caplog: pytest.LogCaptureFixture) -> None:
    """An alarm is one record of level ERROR whose message is the event, marked as an alarm, with its fields."""
    logger = logging.getLogger("ccc.alarms")
    logger.addHandler(caplog.handler)
    try:
        LogAlarms().raise_alarm("mail.lost", notice="ready")
    finally:
        logger.removeHandler(caplog.handler)
    record = caplog.records[0]
    assert (record.levelno, record.getMessage()) == (logging.ERROR, "mail.lost")
    assert vars(record)["fields"] == {"notice": "ready"}
    assert vars(record)["alarm"] is True


def test_log_alarms_survive_a_broken_handler() -> None:
    """A handler that raises does not reach whoever raised the alarm."""

    class Broken(logging.Handler):
        def handle(self, record: logging.LogRecord) -> bool:
            raise RuntimeError(record.getMessage())

    handler = Broken()
    logging.getLogger("ccc.alarms").addHandler(handler)
    try:
        LogAlarms().raise_alarm("store.restored")
    finally:
        logging.getLogger("ccc.alarms").removeHandler(handler)
    assert handler not in logging.getLogger("ccc.alarms").handlers

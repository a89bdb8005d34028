"""Durations and times in words."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from ccc.when import local, local_and_utc, span


@pytest.fixture
def in_berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Put this process into a time zone east of Greenwich, by rule, so that no database is needed."""
    with monkeypatch.context() as patched:
        patched.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "0 s"), (0, "0 s"), (59.9, "59 s"), (60, "1 min"), (200, "3 min 20 s"), (3600, "1 h"),
        (86399, "23 h 59 min"), (86400, "1 d"), (183600, "2 d 3 h"),
    ],
)  # fmt: skip
def test_span(seconds: float, words: str) -> None:
    """A duration is told in its two largest units, rounded down."""
    assert span(seconds) == words


@pytest.mark.usefixtures("in_berlin")
def test_local_and_utc() -> None:
    """The local time comes first, with its zone, in summer and in winter; UTC behind it."""
    assert local_and_utc("2026-11-24T12:00:00Z") == "Tue 2026-11-24 13:00:00 CET (2026-11-24T12:00:00Z)"
    assert local_and_utc("2026-07-01T12:00:00Z") == "Wed 2026-07-01 14:00:00 CEST (2026-07-01T12:00:00Z)"
    assert local("2026-11-24T12:00:00Z") == "Tue 2026-11-24 13:00"


@pytest.mark.parametrize("stamp", ["", "soon", "2026-11-24T12:00:00"])
def test_what_is_no_time_is_shown_as_it_is(stamp: str) -> None:
    """An unknown form, or a time without a zone, is passed on unchanged."""
    assert local_and_utc(stamp) == local(stamp) == stamp

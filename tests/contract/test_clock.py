"""What every `Clock` promises: aware UTC in whole seconds; and that the shared clock of one box follows its file."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from chalicelib.adapters.file_clock import FileClock
from chalicelib.adapters.system_clock import SystemClock
from chalicelib.operations.ports import Clock
from tests.fakes.clock import FakeClock

MAKERS: dict[str, Callable[[Path], Clock]] = {
    "fake": lambda _: FakeClock(),
    "system": lambda _: SystemClock(),
    "file": lambda folder: FileClock(folder / "clock"),
}


@pytest.mark.parametrize("name", MAKERS)
def test_time_is_aware_utc_in_whole_seconds(name: str, tmp_path: Path) -> None:
    """Every clock tells aware UTC without fractions of a second."""
    now = MAKERS[name](tmp_path).now()
    assert now.tzinfo is UTC
    assert now.microsecond == 0


@pytest.mark.parametrize("name", MAKERS)
def test_time_does_not_go_back(name: str, tmp_path: Path) -> None:
    """Asked twice, a clock does not tell an earlier time."""
    clock = MAKERS[name](tmp_path)
    assert clock.now() <= clock.now()


def test_system_clock_tells_real_time(tmp_path: Path) -> None:
    """The system's clock is within two seconds of the file system's."""
    (tmp_path / "now").touch()
    real = datetime.fromtimestamp((tmp_path / "now").stat().st_mtime, UTC)
    assert abs(SystemClock().now() - real) < timedelta(seconds=2)


@pytest.mark.parametrize("content", ["", "\n", None])
def test_file_clock_without_an_offset_is_real_time(content: str | None, tmp_path: Path) -> None:
    """An absent or empty file moves nothing."""
    if content is not None:
        (tmp_path / "clock").write_text(content)
    assert abs(FileClock(tmp_path / "clock").now() - SystemClock().now()) <= timedelta(seconds=1)


def test_file_clock_follows_its_file(tmp_path: Path) -> None:
    """A file that is replaced moves the clock at the next look, forward and back."""
    clock = FileClock(tmp_path / "clock")
    for seconds in (7200, 90, -3600, 7201):
        (tmp_path / "new").write_text(f"{seconds}\n")
        (tmp_path / "new").replace(tmp_path / "clock")
        ahead = clock.now() - SystemClock().now()
        assert abs(ahead - timedelta(seconds=seconds)) <= timedelta(seconds=1)


@pytest.mark.parametrize("content", ["soon", "nan", "inf", "1e999", "1 2"])
def test_file_clock_refuses_to_guess(content: str, tmp_path: Path) -> None:
    """A file that holds no number is an error, not a time."""
    (tmp_path / "clock").write_text(content)
    with pytest.raises(ValueError, match="number of seconds"):
        FileClock(tmp_path / "clock").now()


def test_fake_clock_moves_only_when_told() -> None:
    """The fake stands still, and moves by what a test says."""
    clock = FakeClock()
    before = clock.now()
    clock.advance(timedelta(hours=2))
    assert clock.now() - before == timedelta(hours=2)

"""Lines in a file of bounded size."""

from __future__ import annotations

from pathlib import Path

from onebox.kept_lines import KeptLines


def test_lines_are_kept_privately_in_their_order(tmp_path: Path) -> None:
    """The folder is made, and both are for this user alone."""
    kept = KeptLines(path=tmp_path / "log" / "thing.log")
    for line in ("one", "zwö", "half a \udc80"):
        kept.add(line)
    assert kept.path.read_text() == "one\nzwö\nhalf a ?\n"
    assert kept.path.stat().st_mode & 0o777 == 0o600
    assert kept.path.parent.stat().st_mode & 0o777 == 0o700


def test_a_full_file_makes_room_and_one_old_is_kept(tmp_path: Path) -> None:
    """There are never more than two, whatever a restart finds."""
    for number in range(1, 8):
        KeptLines(path=tmp_path / "thing.log", max_bytes=10).add(f"line{number}")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["thing.log", "thing.log.1"]
    assert (tmp_path / "thing.log.1").read_text() == "line5\nline6\n"
    assert (tmp_path / "thing.log").read_text() == "line7\n"


def test_a_file_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    """A line is lost, nothing is raised, and the next one is kept once there is room."""
    kept = KeptLines(path=tmp_path / "thing.log")
    kept.path.mkdir()
    kept.add("lost")
    kept.path.rmdir()
    kept.add("kept")
    assert kept.path.read_text() == "kept\n"

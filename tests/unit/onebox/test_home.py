"""The folder of a stack: private, for one process at a time, for one provider."""

from __future__ import annotations

from pathlib import Path

import pytest

from onebox.home import Home, HomeTaken


def test_home_is_private(tmp_path: Path) -> None:
    """Only the owner may enter, also where the folder was there before with other rights."""
    (tmp_path / "home").mkdir(mode=0o755)
    home = Home(path=tmp_path / "home")
    home.make()
    assert home.path.stat().st_mode & 0o077 == 0
    assert all(room.is_dir() for room in (home.builds, home.emulator, home.socket.parent))


def test_home_is_for_one_at_a_time(tmp_path: Path) -> None:
    """A second lock is refused with the holder's name, and possible again when the first is closed."""
    home = Home(path=tmp_path)
    home.make()
    with home.lock(), pytest.raises(HomeTaken, match=r"in use by process \d+.*CCC_HOME"):
        home.lock()
    home.lock().close()


def test_home_belongs_to_its_first_provider(tmp_path: Path) -> None:
    """A folder of emulated servers is never used with the real provider, nor the other way round."""
    home = Home(path=tmp_path)
    home.belong_to("emulator")
    home.belong_to("emulator")
    with pytest.raises(HomeTaken, match="emulator, not on hetzner"):
        home.belong_to("hetzner")

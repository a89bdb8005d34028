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


def test_home_is_made_of_one_stack(tmp_path: Path) -> None:
    """A folder of one box is refused to STACK=aws, whose rows lie elsewhere, and the other way round."""
    Home(path=tmp_path).be_made_of("aws")
    Home(path=tmp_path).be_made_of("aws")
    with pytest.raises(HomeTaken, match="STACK=aws"):
        Home(path=tmp_path).be_made_of("onebox")


def test_a_folder_from_before_there_were_two_is_one_boxs(tmp_path: Path) -> None:
    """A folder that names its provider and no stack was made by one box."""
    (tmp_path / "provider").write_text("emulator\n")
    Home(path=tmp_path).be_made_of("onebox")
    with pytest.raises(HomeTaken, match="STACK=onebox"):
        Home(path=tmp_path).be_made_of("aws")

"""The folder of a build: closed, gone at the end, and of a name that no program takes apart."""

from __future__ import annotations

import stat
import tempfile
from pathlib import Path

import pytest

from builder import plain_folder as folders
from builder.errors import SettingsInvalid
from builder.job import READY
from builder.plain_folder import is_plain, plain_folder
from builder.settings import read
from builder.workplace import Workplace
from tests.unit.builder.world import World

ODD = ("with a blank", "100%", "it's", 'so "called"', "$HOME", "a\\b", "~ccc", "a;b", "zoë")


def left(prefix: str, *rooms: Path) -> list[Path]:
    """What builds of this prefix have in these folders."""
    return [found for room in rooms for found in room.glob(f"{prefix}*")]


@pytest.mark.parametrize("name", ODD)
def test_a_folder_of_any_name_is_entered_by_a_plain_one(
    world: World, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keys and files lie where they were meant to, closed to others, and every path that is told on is plain."""
    room = world.temporary / name
    room.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(room))
    with Workplace.make(world.order) as place:
        told = (place.install_key, place.known_hosts, place.extra_files, place.scratch)
        assert all(is_plain(path) and path.exists() for path in told)
        (behind,) = left("ccc-build-", room)
        assert place.install_key.resolve() == behind / "install_key"
        door = place.root.parent
        assert {stat.S_IMODE(folder.stat().st_mode) for folder in (behind, door)} == {0o700}
    assert left(f"ccc-build-{world.order.instance_id}", room, door.parent) == []


def test_a_plain_folder_is_entered_as_it_is(world: World) -> None:
    """Nothing is made beside it."""
    with Workplace.make(world.order) as place:
        assert [folder.path for folder in place.made] == [place.root]
        assert place.root.parent == world.temporary


def test_what_a_killed_builder_left_goes_with_the_next_attempt(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Folder and link of an earlier attempt are removed, and not what another instance has."""
    room = world.temporary / "a room"
    room.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(room))
    other = room / "ccc-build-ffffffffffff-x"
    other.mkdir()
    killed = Workplace.make(world.order)
    with Workplace.make(world.order) as place:
        assert not any(folder.path.exists() for folder in killed.made)
        assert all(folder.path.exists() for folder in place.made)
    assert left("ccc-build-", room) == [other]


def test_a_whole_build_gets_on_with_a_folder_of_any_name(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """nixos-anywhere is told plain paths alone, its own folder for temporary files among them."""
    room = world.temporary / "a room, 100% odd"
    room.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(room))
    assert world.build(TMPDIR=str(room)) == READY
    for call in world.programs.calls:
        line, given = call["arguments"], call["environment"]
        told = [line[line.index(option) + 1] for option in ("-i", "--extra-files")]
        assert all(is_plain(Path(path)) for path in (*told, given["TMPDIR"], given["CCC_BUILDER_KNOWN_HOSTS"]))
    assert left("ccc-build-", room) == []


def test_where_no_folder_is_plain_no_job_begins(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then the copy of the system would fail after the server was bought, so it is told before the claim."""
    assert plain_folder(Path("/a b")) is not None
    monkeypatch.setattr(folders, "FALLBACKS", ("/nowhere",))
    assert plain_folder(Path("/a b")) is None
    assert plain_folder(Path("/plain")) == Path("/plain")
    with pytest.raises(SettingsInvalid, match=r"^TMPDIR must be a path without blanks"):
        read({**world.environment, "TMPDIR": "/a b"})

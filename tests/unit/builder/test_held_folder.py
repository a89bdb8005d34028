"""What a killed builder leaves: the next one on the machine removes it, and touches nothing of a living one."""

from __future__ import annotations

import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from builder.held_folder import WAY_TO, HeldFolder, remove_abandoned
from builder.job import READY
from builder.workplace import Workplace
from tests.unit.builder.processes import until
from tests.unit.builder.world import CHECKOUT, LIMIT, World

PREFIX = "ccc-build-"
DOORS = Path("/tmp")  # noqa: S108 -- where the builder makes a way with a plain path


@pytest.fixture
def odd(world: World) -> Path:
    """A folder for temporary files that has to be entered by a link."""
    room = world.folder / "a room, 100% odd"
    room.mkdir()
    return room


@pytest.fixture
def job(world: World, odd: Path) -> Iterator[subprocess.Popen[str]]:
    """A real builder in that folder, in the middle of its first run."""
    world.programs.run("kexec", "sleep 300")
    process = world.start(TMPDIR=str(odd))
    until(lambda: world.programs.calls or process.poll() is not None)
    assert process.poll() is None
    yield process
    process.kill()
    process.communicate()


def of(world: World, *rooms: Path) -> list[Path]:
    """The folders that the build of this world has."""
    return [found for room in rooms for found in room.glob(f"{PREFIX}{world.order.instance_id}-*")]


def another(world: World) -> Workplace:
    """The workplace of another instance's build, in this process."""
    return Workplace.make(replace(world.order, instance_id=secrets.token_hex(6)))


def test_what_sigkill_left_goes_with_the_next_builder_of_any_instance(
    world: World, odd: Path, job: subprocess.Popen[str]
) -> None:
    """Keys and way are there as long as the builder lives, and gone once another one begins after its SIGKILL."""
    with another(world):
        (door,), (room,) = of(world, DOORS), of(world, odd)
        assert (door / WAY_TO).readlink() == room
        assert (door / WAY_TO / "install_key").exists()
    job.kill()
    job.wait(LIMIT)
    with another(world) as place:
        assert of(world, DOORS, odd) == []
        assert place.install_key.exists()


def test_what_sigkill_left_in_a_plain_folder_goes_too(
    world: World, odd: Path, job: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A builder sweeps the folder that it works in itself, whatever its name is."""
    job.kill()
    job.wait(LIMIT)
    for door in of(world, DOORS):
        (door / WAY_TO).unlink(missing_ok=True)  # so that only the folder itself can be found
    monkeypatch.setattr(tempfile, "tempdir", str(odd))
    with another(world):
        assert of(world, DOORS, odd) == []


def test_a_whole_build_after_a_kill_leaves_nothing(
    world: World, odd: Path, job: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The killed builder's things and its successor's own are gone at the end."""
    job.kill()
    job.wait(LIMIT)
    world.programs.run("kexec", "true")
    monkeypatch.setattr(tempfile, "tempdir", str(odd))
    assert world.build(TMPDIR=str(odd)) == READY, world.everything_told
    assert list(odd.iterdir()) == []
    assert of(world, DOORS) == []


def test_a_folder_is_somebodys_as_long_as_its_lock_is_held(tmp_path: Path) -> None:
    """Only what was let go is removed, with what is in it."""
    held = HeldFolder.make(tmp_path, PREFIX)
    (held.path / "key").write_text("secret")
    remove_abandoned(tmp_path, PREFIX)
    assert (held.path / "key").exists()
    left = tmp_path / f"{PREFIX}0123456789ab-x.held"
    left.mkdir()
    (left / "key").write_text("secret")
    remove_abandoned(tmp_path, PREFIX)
    assert list(tmp_path.iterdir()) == [held.path]
    held.remove()
    assert list(tmp_path.iterdir()) == []


def test_what_was_never_locked_is_left_alone(tmp_path: Path) -> None:
    """A folder of an older release, another program's, a file, and a link of that name are nobody's to remove."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    others = [tmp_path / f"{PREFIX}0123456789ab-old", tmp_path / "somebody.held"]
    for folder in others:
        folder.mkdir()
    (tmp_path / f"{PREFIX}file.held").touch()
    (tmp_path / f"{PREFIX}link.held").symlink_to(elsewhere)
    before = sorted(tmp_path.iterdir())
    remove_abandoned(tmp_path, PREFIX)
    assert sorted(tmp_path.iterdir()) == before


def test_a_way_leads_to_nothing_but_a_builders_folder(tmp_path: Path) -> None:
    """What an abandoned way leads to is removed only where its name is one of ours and its lock is free."""
    precious, living = tmp_path / "precious", HeldFolder.make(tmp_path, PREFIX)
    precious.mkdir()
    room = tmp_path / "doors"
    room.mkdir()
    for name, behind in (("a", precious), ("b", living.path)):
        door = room / f"{PREFIX}{name}.held"
        door.mkdir()
        (door / WAY_TO).symlink_to(behind)
    remove_abandoned(room, PREFIX)
    assert list(room.iterdir()) == []
    assert precious.exists()
    assert living.path.exists()
    living.remove()


def test_a_sweep_never_takes_a_folder_that_was_just_made(tmp_path: Path) -> None:
    """Between its making and its lock a folder may go; whoever makes it notices, and has one that stays."""
    program = (
        "import sys, pathlib\nfrom builder.held_folder import remove_abandoned\n"
        f"while True: remove_abandoned(pathlib.Path(sys.argv[1]), {PREFIX!r})"
    )
    left = tmp_path / f"{PREFIX}left.held"
    left.mkdir()
    sweeper = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], cwd=CHECKOUT)
    try:
        until(lambda: not left.exists())  # it sweeps
        made = [HeldFolder.make(tmp_path, PREFIX) for _ in range(300)]
        time.sleep(0.3)
        assert all(folder.path.exists() for folder in made)
    finally:
        sweeper.kill()
        sweeper.wait(LIMIT)
    for folder in made:
        folder.remove()

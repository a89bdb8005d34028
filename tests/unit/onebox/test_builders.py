"""Builders as child processes: slots, logs, ends, and what is left of an earlier life."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from onebox import marks
from onebox.build_folder import BuildFolder, NoSuchAttempt, forget_secrets, throw_away_old
from onebox.builders import KILL_AFTER_SECONDS, LIFETIME_SECONDS, Builders
from onebox.loop import Loop
from onebox.spawn import Command
from tests.unit.onebox.until import until

ID = "0123456789ab"
WEEK_AND_A_BIT = 8 * 24 * 3600

# The supervisor has one thread; the process that runs tests may have more, which Python 3.12 and later warn of.
pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")


class _House:
    """Builders whose job is a shell script."""

    def __init__(self, folder: Path, script: str = "sleep 60", lifetime: float = LIFETIME_SECONDS) -> None:
        self.folder = folder
        self.loop = Loop()
        self._script = script
        self.builders = Builders(folder, command=self._command, mark=self.mark, loop=self.loop, lifetime=lifetime)

    def mark(self, name: str) -> str:
        return marks.mark(self.folder, "life", name)

    def start(self, instance_id: str = ID, attempt: int = 1, slots: int = 2) -> dict[str, Any]:
        return self.builders.start(
            {"instance_id": instance_id, "attempt": attempt, "slots": slots, "env": _environment(instance_id, attempt)}
        )

    def state(self, instance_id: str = ID, attempt: int = 1) -> str:
        self.builders.look()
        return str(self.builders.state({"instance_id": instance_id, "attempt": attempt})["state"])

    def empty(self) -> bool:
        self.builders.look()
        return self.builders.running() == 0

    def _command(self, folder: BuildFolder, mark: str, given: Mapping[str, str]) -> Command:
        private = {"HOME": str(folder.home), "TMPDIR": str(folder.temporary)}
        environment = {"PATH": "/usr/bin:/bin", marks.VARIABLE: mark, **private, **given}
        return Command(arguments=["sh", "-c", self._script], environment=environment, folder=folder.path)


def _environment(instance_id: str, attempt: int) -> dict[str, str]:
    return {
        "CCC_API_URL": "http://127.0.0.1:1",
        "CCC_INSTANCE_ID": instance_id,
        "CCC_ATTEMPT": str(attempt),
        "CCC_CLAIM_CODE": "made-up",
    }


MakeHouse = Callable[..., _House]


@pytest.fixture
def make_house(tmp_path: Path) -> Iterator[MakeHouse]:
    """A maker of houses in one folder, from the script of their jobs; afterwards every job is ended."""
    houses: list[_House] = []

    def make(script: str = "sleep 60") -> _House:
        houses.append(_House(tmp_path, script))
        return houses[-1]

    yield make
    assert marks.end_marked(marks.of_home(tmp_path)) == 0
    assert until(lambda: all(house.empty() for house in houses))


def test_a_builder_runs_with_its_environment_and_log(make_house: MakeHouse, tmp_path: Path) -> None:
    """What the service gives reaches the job, and what the job prints reaches its log."""
    house = make_house('echo "$CCC_INSTANCE_ID/$CCC_ATTEMPT $CCC_CLAIM_CODE"; echo trouble >&2; exit 4')
    assert house.start() == {"reference": f"{ID}-1", "state": "running"}
    assert until(lambda: house.state() == "stopped")
    build = BuildFolder.of(tmp_path, ID, 1)
    assert build.log.read_text().splitlines() == [f"{ID}/1 made-up", "trouble"]
    assert build.exit_status() == 4


def test_an_end_takes_the_jobs_own_children_along(make_house: MakeHouse, tmp_path: Path) -> None:
    """A job counts as stopped only when nothing that it started lives, however it detached."""
    house = make_house("setsid sleep 60 & exit 0")
    house.start()
    assert until(lambda: house.state() == "stopped")
    assert marks.marked(house.mark(f"{ID}-1")) == []


def test_the_private_home_goes_with_the_job(make_house: MakeHouse, tmp_path: Path) -> None:
    """What a job left in its home folder is thrown away, the log is kept."""
    house = make_house('echo secret > "$HOME/key"')
    house.start()
    assert until(lambda: house.state() == "stopped")
    build = BuildFolder.of(tmp_path, ID, 1)
    assert not build.home.exists()
    assert build.log.exists()


def test_a_killed_job_leaves_no_temporary_files(make_house: MakeHouse, tmp_path: Path) -> None:
    """What it had in its TMPDIR, which was this user's alone, goes although it could not tidy up."""
    house = make_house('echo secret > "$(mktemp)"; echo up; sleep 60')
    house.start()
    build = BuildFolder.of(tmp_path, ID, 1)
    assert until(lambda: build.log.read_text() == "up\n")
    assert len(list(build.temporary.iterdir())) == 1
    assert build.temporary.stat().st_mode & 0o777 == 0o700
    house.builders.send_all(signal.SIGKILL)
    assert until(lambda: house.state() == "stopped")
    assert not build.temporary.exists()


def test_secrets_of_an_earlier_life_are_forgotten(tmp_path: Path) -> None:
    """What builders left that died with their supervisor goes at the next start, their logs stay."""
    build = BuildFolder.of(tmp_path, ID, 1)
    build.make()
    for folder in (build.home, build.temporary):
        (folder / "key").write_text("secret")
    build.log.write_text("what happened")
    forget_secrets(tmp_path)
    assert list(build.path.iterdir()) == [build.log]


@pytest.mark.parametrize(("script", "told"), [("exit 3", [ID]), ("kill -9 $$", [ID]), ("exit 0", [])])
def test_a_job_that_ends_badly_is_told_once(script: str, told: list[str], make_house: MakeHouse) -> None:
    """By a status or by a signal; one that ended well has said all itself."""
    house = make_house(script)
    house.start()
    assert house.builders.take_failed() == []
    assert until(lambda: house.state() == "stopped")
    assert house.builders.take_failed() == told
    assert house.builders.take_failed() == []


def test_stubborn_jobs_are_killed(make_house: MakeHouse, tmp_path: Path) -> None:
    """A job that ignores SIGTERM gets SIGKILL, here by the end of all."""
    house = make_house("trap '' TERM; echo up; while :; do sleep 0.05; done")
    house.start()
    assert until(lambda: BuildFolder.of(tmp_path, ID, 1).log.read_text() == "up\n")
    assert house.builders.stop({"instance_id": ID, "attempt": 1}) == {"state": "running"}
    house.builders.send_all(signal.SIGKILL)
    assert until(lambda: house.state() == "stopped")
    assert BuildFolder.of(tmp_path, ID, 1).exit_status() == -signal.SIGKILL


def test_a_job_that_lasts_too_long_is_ended(make_house: MakeHouse, tmp_path: Path) -> None:
    """A job that stands still, and that nobody asks to end any more, is ended by its platform; others go on."""
    house, patient = _House(tmp_path, "echo up; kill -STOP $$", lifetime=3), make_house()
    house.start()
    patient.start(attempt=2)
    assert until(lambda: BuildFolder.of(tmp_path, ID, 1).log.read_text() == "up\n")
    house.loop.later(3.1, house.loop.stop)
    house.loop.run()
    assert house.state() == "running", "it is asked first"
    house.loop.later(KILL_AFTER_SECONDS, house.loop.stop)
    house.loop.run()
    assert until(lambda: house.state() == "stopped")
    assert BuildFolder.of(tmp_path, ID, 1).exit_status() == -signal.SIGKILL
    assert patient.state(attempt=2) == "running"


def test_attempts_of_an_earlier_life_are_stopped(make_house: MakeHouse, tmp_path: Path) -> None:
    """A new supervisor knows that they were started, and starts none of them again."""
    make_house().start()
    marks.end_marked(marks.of_home(tmp_path))
    later = make_house("echo again > ../again; sleep 60")
    assert later.state() == "stopped"
    assert later.start()["state"] == "stopped"
    assert not (tmp_path / "again").exists()
    assert later.start(attempt=2)["state"] == "running"


def test_an_attempt_that_never_got_a_process_is_started(make_house: MakeHouse, tmp_path: Path) -> None:
    """A death between making the folder and forking leaves an attempt that can still be started."""
    BuildFolder.of(tmp_path, ID, 1).make()
    house = make_house()
    assert house.state() == "unknown"
    assert house.start()["state"] == "running"


@pytest.mark.parametrize(
    ("instance_id", "attempt"),
    [("../../etc/pwn", 1), (ID, 0), (ID, "1"), (ID.upper(), 1), ("", 1), (None, 1), (ID, True), (ID, 1000)],
)
def test_a_name_that_is_no_attempt_is_refused(
    instance_id: Any, attempt: Any, make_house: MakeHouse, tmp_path: Path
) -> None:
    """Nothing outside the folder of builds can be named."""
    with pytest.raises(NoSuchAttempt):
        BuildFolder.of(tmp_path, instance_id, attempt)
    house = make_house()
    assert house.builders.start({"instance_id": instance_id, "attempt": attempt, "env": {}}) == {"error": "bad request"}
    assert house.builders.state({"instance_id": instance_id, "attempt": attempt}) == {"error": "bad request"}
    assert house.builders.stop({"instance_id": instance_id, "attempt": attempt}) == {"error": "bad request"}


@pytest.mark.parametrize(
    "env", [None, {}, {**_environment(ID, 1), "LD_PRELOAD": "x"}, {**_environment(ID, 1), "CCC_ATTEMPT": 1}]
)
def test_an_environment_of_another_shape_is_refused(env: Any, make_house: MakeHouse, tmp_path: Path) -> None:
    """Only the four variables of the contract are passed on."""
    request = {"instance_id": ID, "attempt": 1, "slots": 1, "env": env}
    assert make_house().builders.start(request) == {"error": "bad request"}
    assert list(tmp_path.iterdir()) == []


def test_old_folders_are_thrown_away(tmp_path: Path) -> None:
    """After a week without a change a folder goes, unless its job still runs."""
    old, running, new = (BuildFolder.of(tmp_path, ID, attempt) for attempt in (1, 2, 3))
    for one in (old, running, new):
        one.make()
    for one in (old, running):
        changed = one.path.stat().st_mtime - WEEK_AND_A_BIT
        os.utime(one.path, (changed, changed))
    throw_away_old(tmp_path, frozenset({running.name}))
    assert (old.path.exists(), running.path.exists(), new.path.exists()) == (False, True, True)

"""The stand-in's builds: started once per token, run with their overrides, ended with everything they have started."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from onebox import marks
from onebox.codebuild.build import Project
from onebox.codebuild.builds import TOKEN_SECONDS, Builds
from onebox.codebuild.refusal import Refusal
from tests.unit.onebox.codebuild.project import NAME, project, until


class Clock:
    """Seconds that a test counts."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        """The seconds so far."""
        return self.seconds


@contextmanager
def account(it: Project, folder: Path, **options: Any) -> Iterator[Builds]:
    """An account with one project; its builds end with the block."""
    builds = Builds([it], folder / "builds", **options)
    try:
        yield builds
    finally:
        builds.close()


def start(builds: Builds, token: str = "", **overrides: str) -> str:
    """The id of a build that is started with these overrides."""
    variables = [{"name": name, "value": value, "type": "PLAINTEXT"} for name, value in overrides.items()]
    request = {"projectName": NAME, "environmentVariablesOverride": variables}
    build_id: str = builds.start({**request, **({"idempotencyToken": token} if token else {})})["build"]["id"]
    return build_id


def look(builds: Builds, build_id: str) -> dict[str, Any]:
    """What is known of a build."""
    (found,) = builds.batch_get({"ids": [build_id]})["builds"]
    return dict(found)


def complete(builds: Builds, build_id: str) -> bool:
    """Whether a build has come to its end in time."""
    return until(lambda: look(builds, build_id)["buildComplete"])


def runs(pid: str) -> bool:
    """Whether a process lives (one that nobody has waited for does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}
    except FileNotFoundError:
        return False


def test_a_build_runs_with_its_variables(tmp_path: Path) -> None:
    """Overrides win over the buildspec's variables and those over the image's; nothing of this process is inherited."""
    it = project(tmp_path, "env", FROM_IMAGE="image", FROM_SPEC="image", FROM_START="image")
    with account(it, tmp_path) as builds:
        build_id = start(builds, FROM_START="start")
        assert complete(builds, build_id)
        log = (builds.folder_of(build_id) / "log").read_text().splitlines()
    assert {"FROM_IMAGE=image", "FROM_SPEC=spec", "FROM_START=start", f"CODEBUILD_BUILD_ID={build_id}"} <= set(log)
    own = {"PATH", "PWD", "OLDPWD", "SHLVL", "_", "LC_CTYPE", "CODEBUILD_SRC_DIR", "CODEBUILD_CI", marks.VARIABLE}
    own |= {"HOME", "TMPDIR"}
    named = {line.partition("=")[0] for line in log}
    assert named - own == {"FROM_IMAGE", "FROM_SPEC", "FROM_START", "CODEBUILD_BUILD_ID"}


@pytest.mark.parametrize(("command", "status"), [("true", "SUCCEEDED"), ("exit 3", "FAILED"), ("false", "FAILED")])
def test_a_build_ends_as_its_commands_do(command: str, status: str, tmp_path: Path) -> None:
    """The status is that of the commands, and a build that is over is complete."""
    with account(project(tmp_path, command), tmp_path) as builds:
        build_id = start(builds)
        assert complete(builds, build_id)
        found = look(builds, build_id)
    assert (found["buildStatus"], found["currentPhase"]) == (status, "COMPLETED")
    assert found["endTime"] >= found["startTime"]


def test_a_build_goes_through_the_phases_that_aws_names(tmp_path: Path) -> None:
    """From SUBMITTED to COMPLETED in AWS's order, each with its times; the one that failed has the exit status."""
    with account(project(tmp_path, "exit 7"), tmp_path) as builds:
        build_id = start(builds)
        assert complete(builds, build_id)
        phases = look(builds, build_id)["phases"]
    before, after = ["SUBMITTED", "QUEUED", "PROVISIONING", "DOWNLOAD_SOURCE"], ["UPLOAD_ARTIFACTS", "FINALIZING"]
    assert [each["phaseType"] for each in phases] == [*before, "BUILD", *after, "COMPLETED"]
    assert [each["phaseStatus"] for each in phases[:-1]] == ["SUCCEEDED"] * 4 + ["FAILED"] + ["SUCCEEDED"] * 2
    (context,) = phases[4]["contexts"]
    assert (context["statusCode"], context["message"].endswith("exit status 7")) == ("COMMAND_EXECUTION_ERROR", True)
    assert all(each["endTime"] == later["startTime"] for each, later in itertools.pairwise(phases))


def test_a_build_waits_in_the_queue(tmp_path: Path) -> None:
    """Before its time it is QUEUED, and a stop then means that nothing is run at all."""
    with account(project(tmp_path, "touch ran"), tmp_path, queued_seconds=30) as builds:
        build_id = start(builds)
        assert look(builds, build_id)["currentPhase"] == "QUEUED"
        builds.stop({"id": build_id})
        assert complete(builds, build_id)
        assert look(builds, build_id)["buildStatus"] == "STOPPED"
    assert not (tmp_path / "ran").exists()


def test_a_stop_ends_everything_that_a_build_has_started(tmp_path: Path) -> None:
    """Complete means that no process is left, not even one in a session of its own that ignores SIGTERM."""
    stubborn = "trap '' TERM; setsid sh -c 'trap \"\" TERM; echo $$ >child; sleep 60' & wait; sleep 60"
    with account(project(tmp_path, stubborn), tmp_path, grace_seconds=0.1) as builds:
        build_id = start(builds)
        child = tmp_path / "child"
        assert until(lambda: child.exists() and child.read_text().strip())
        assert until(lambda: look(builds, build_id)["currentPhase"] == "BUILD")
        builds.stop({"id": build_id})
        assert complete(builds, build_id)
        assert not runs(child.read_text().strip())
        assert look(builds, build_id)["buildStatus"] == "STOPPED"


def test_a_token_is_one_build_for_five_minutes(tmp_path: Path) -> None:
    """The same token is the same build, also after its end; after five minutes it is a new one."""
    clock = Clock()
    with account(project(tmp_path, "true"), tmp_path, now=clock) as builds:
        first = start(builds, "token", A="1")
        assert complete(builds, first)
        clock.seconds = TOKEN_SECONDS - 1
        assert start(builds, "token", A="1") == first
        clock.seconds = TOKEN_SECONDS
        assert start(builds, "token", A="1") != first


def test_a_token_with_other_parameters_is_refused(tmp_path: Path) -> None:
    """Within the five minutes a parameter may not change."""
    with account(project(tmp_path, "true"), tmp_path) as builds:
        start(builds, "token", A="1")
        with pytest.raises(Refusal) as caught:
            start(builds, "token", A="2")
    assert caught.value.code == "InvalidInputException"


def test_an_account_has_room_for_so_many(tmp_path: Path) -> None:
    """A build beyond the slots is refused, and the end of another makes room."""
    with account(project(tmp_path, "sleep 60"), tmp_path, slots=1) as builds:
        first = start(builds)
        with pytest.raises(Refusal) as caught:
            start(builds)
        assert caught.value.code == "AccountLimitExceededException"
        builds.stop({"id": first})
        assert complete(builds, first)
        start(builds)


def test_what_is_not_there_is_told_as_aws_tells_it(tmp_path: Path) -> None:
    """No project and no build are refused when something is to be done, and listed when something is asked."""
    with account(project(tmp_path, "true"), tmp_path) as builds:
        with pytest.raises(Refusal, match="Project cannot be found: other"):
            builds.start({"projectName": "other"})
        with pytest.raises(Refusal, match="There is no such build"):
            builds.stop({"id": "other:1"})
        assert builds.batch_get({"ids": ["other:1"]}) == {"builds": [], "buildsNotFound": ["other:1"]}


def test_what_the_stand_in_does_not_do_is_refused(tmp_path: Path) -> None:
    """A parameter that it would leave out is an error, so that nobody relies on it."""
    with account(project(tmp_path, "true"), tmp_path) as builds, pytest.raises(Refusal, match="buildspecOverride"):
        builds.start({"projectName": NAME, "buildspecOverride": "…"})


def test_closing_leaves_nothing(tmp_path: Path) -> None:
    """After `close` no process of any build lives."""
    with account(project(tmp_path, "sleep 60"), tmp_path, mark=f"test|{os.getpid()}|{tmp_path}") as builds:
        ids = [start(builds), start(builds)]
        assert until(lambda: len(marks.marked(f"test|{os.getpid()}|{tmp_path}")) >= len(ids))
    assert marks.marked(f"test|{os.getpid()}|{tmp_path}") == []

"""Builds after the death of the process that ran them: known, ended, and by their last status."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

from onebox import marks
from onebox.codebuild.builds import Builds
from onebox.codebuild.kept import keep
from tests.unit.onebox.codebuild.project import NAME, project, until


def _complete(builds: Builds, build_id: str) -> bool:
    return bool(builds.batch_get({"ids": [build_id]})["builds"][0]["buildComplete"])


def test_an_ended_build_is_told_as_it_ended(tmp_path: Path) -> None:
    """Another process tells the same of a build that is over as the one that ran it."""
    first = Builds([project(tmp_path, "true")], tmp_path / "builds")
    build_id = first.start({"projectName": NAME})["build"]["id"]
    assert until(lambda: _complete(first, build_id))
    told = first.batch_get({"ids": [build_id]})
    first.close()
    second = Builds([project(tmp_path, "true")], tmp_path / "builds")
    assert second.batch_get({"ids": [build_id]}) == told
    assert second.start({"projectName": NAME})["build"]["buildNumber"] == 2
    listed = second.listed({"projectName": NAME})["ids"]
    assert (len(listed), listed[1]) == (2, build_id)
    assert second.listed({"projectName": NAME, "sortOrder": "ASCENDING"})["ids"] == listed[::-1]
    second.close()


def test_a_build_that_was_going_on_is_a_fault(tmp_path: Path) -> None:
    """What a killed process was running is complete for the next one, and can be stopped without harm."""
    folder = tmp_path / "builds" / "one"
    folder.mkdir(parents=True)
    document = {"id": f"{NAME}:one", "buildComplete": False, "buildStatus": "IN_PROGRESS", "startTime": 1.0}
    keep(folder, document)
    builds = Builds([project(tmp_path, "true")], tmp_path / "builds")
    (found,) = builds.batch_get({"ids": [f"{NAME}:one"]})["builds"]
    assert (found["buildComplete"], found["buildStatus"]) == (True, "FAULT")
    assert found["endTime"] > found["startTime"]
    assert builds.stop({"id": f"{NAME}:one"})["build"]["buildComplete"] is True


def test_what_a_killed_process_has_left_is_ended_first(tmp_path: Path) -> None:
    """A builder outlives the shell that dies with CodeBuild: the next process ends it before it tells anything."""
    mark = f"{tmp_path}|test|codebuild"
    left, other = (_sleeping(name) for name in (f"{mark}/{NAME}:one", f"{tmp_path}|test|codebuild-not"))
    Builds([project(tmp_path, "true")], tmp_path / "builds", mark=mark).close()
    assert left.wait(10) == -signal.SIGKILL
    assert other.poll() is None
    other.kill()
    other.wait(10)


def _sleeping(mark: str) -> subprocess.Popen[bytes]:
    """A process that carries a mark."""
    process = subprocess.Popen(["/bin/sleep", "60"], env={marks.VARIABLE: mark})
    assert until(lambda: process.pid in marks.marked(mark))
    return process

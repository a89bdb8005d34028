"""How the result gets into its place: whole, or not at all; and how one knows that it is still right."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from artefact import stamp
from artefact.build import Job, build
from artefact.failure import PackagingFailed
from artefact.project import copy_of
from artefact.size import Size
from artefact.target import of_this_interpreter
from artefact.whole import alone, made_whole, workshop
from artefact.whole import replace as put_in_place


def folder(path: Path, text: str) -> Path:
    """A new folder with one file."""
    path.mkdir(parents=True)
    (path / "file").write_text(text, encoding="utf-8")
    return path


def texts(place: Path) -> dict[str, str]:
    """The files of a folder."""
    return {each.name: each.read_text(encoding="utf-8") for each in place.iterdir()}


def test_a_result_takes_the_place_of_the_last(tmp_path: Path) -> None:
    """The new folder stands where the old one stood, and nothing of the old is left."""
    put_in_place(folder(tmp_path / "new", "2"), folder(tmp_path / "prod", "1"))
    assert texts(tmp_path / "prod") == {"file": "2"}
    assert [each.name for each in tmp_path.iterdir()] == ["prod"]


def test_what_a_kill_left_is_cleared_away(tmp_path: Path) -> None:
    """Killed between the two renames: there is no result, never a mixture; the next run puts its own and clears up."""
    folder(tmp_path / ".prod.old", "1")
    folder(tmp_path / ".package-killed", "half")
    assert not (tmp_path / "prod").exists()
    with workshop(tmp_path) as shop:
        put_in_place(folder(shop / "new", "2"), tmp_path / "prod")
    assert [each.name for each in tmp_path.iterdir()] == ["prod"]
    assert texts(tmp_path / "prod") == {"file": "2"}


def test_a_layer_that_was_not_finished_is_made_again(tmp_path: Path) -> None:
    """A maker that fails leaves no folder under the name; the next one begins with an empty folder."""

    def fail(partial: Path) -> None:
        (partial / "half").write_text("half", encoding="utf-8")
        raise PackagingFailed("no")

    with pytest.raises(PackagingFailed):
        made_whole(tmp_path / "layer", fail)
    assert not (tmp_path / "layer").exists()

    def succeed(partial: Path) -> None:
        (partial / "file").write_text("1", encoding="utf-8")

    made_whole(tmp_path / "layer", succeed)
    assert texts(tmp_path / "layer") == {"file": "1"}


def test_a_failure_leaves_the_last_result(made: Job, tmp_path: Path) -> None:
    """When Chalice refuses the project, the error tells why, and what stood in the place stands there still."""
    project = copy_of(made.project, tmp_path / "project")
    (project / ".chalice" / "resources.json").write_text("{", encoding="utf-8")
    job = replace(made, project=project, out=tmp_path / "out")
    folder(job.place, "1")
    with pytest.raises(PackagingFailed, match="chalice"):
        build(job)
    assert texts(job.place) == {"file": "1"}
    assert [each.name for each in job.out.iterdir()] == [job.stage]


def test_a_kill_leaves_the_last_result(made: Job, tmp_path: Path) -> None:
    """Killed while it works, packaging leaves what was there; what it was at is cleared away by the next one."""
    job = replace(made, out=tmp_path / "out", cache=tmp_path / "cache")
    folder(job.place, "1")
    script = Path(__file__).resolve().parents[3] / "packaging" / "package.py"
    places = ["--project", str(job.project), "--out", str(job.out), "--cache", str(job.cache)]
    process = subprocess.Popen([sys.executable, str(script), "--stage", job.stage, *places], start_new_session=True)
    while process.poll() is None and not list(job.out.glob(".package-*/project/app.py")):
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert texts(job.place) == {"file": "1"}
    assert list(job.out.glob(".package-*")) != []
    with alone(job.cache), workshop(job.out):
        assert len(list(job.out.glob(".package-*"))) == 1
    assert [each.name for each in job.out.iterdir()] == [job.stage]


def test_too_big_is_told_with_its_figures() -> None:
    """Over our budget is an error that names what was found, the budget and Lambda's limit."""
    assert Size(packed=21_000_000, unpacked=64_000_000, files=1).exceeded() == []
    assert Size(packed=23_400_000, unpacked=64_000_000, files=1).exceeded() == [
        "The artefact is too big: packed 23.4 MB (budget 22, limit 50)."
    ]


def test_a_change_makes_a_result_stale(made: Job, tmp_path: Path) -> None:
    """A result is current until a file that decides it changes, or the result itself does."""
    project, place, cache = copy_of(made.project, tmp_path / "project"), folder(tmp_path / "dev", "zip"), tmp_path
    target = of_this_interpreter()
    stamp.leave(cache, place, stamp.of_inputs(project, target))
    assert stamp.current(cache, place, stamp.of_inputs(made.project, target))
    (project / "chalicelib" / "web" / "pages" / "assets" / "site.css").write_text("", encoding="utf-8")
    assert not stamp.current(cache, place, stamp.of_inputs(project, target))
    (place / "file").write_text("touched", encoding="utf-8")
    assert not stamp.current(cache, place, stamp.of_inputs(made.project, target))
    assert not stamp.current(cache, tmp_path / "never made", stamp.of_inputs(made.project, target))


def test_byte_code_of_the_checkout_is_no_input(made: Job, tmp_path: Path) -> None:
    """Running the code, or an editor's swap file, makes nothing stale."""
    project, target = copy_of(made.project, tmp_path / "project"), of_this_interpreter()
    before = stamp.of_inputs(project, target)
    folder(project / "chalicelib" / "__pycache__", "byte code")
    (project / "chalicelib" / ".log.py.swp").write_text("x", encoding="utf-8")
    assert stamp.of_inputs(project, target) == before

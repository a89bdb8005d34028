"""What is in the archive and in the template: what Lambda needs, in a form that does not change by itself."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest
from artefact import botocore_data, digest, size
from artefact.build import Job

UNCHECKED = 1
"""The flags of byte code that is never compared with its source (PEP 552)."""

PLAIN_ENTRY = ((1980, 1, 1, 0, 0, 0), 0o100644, 3, zipfile.ZIP_DEFLATED)


@pytest.fixture
def archive(artefact: Path) -> Iterator[zipfile.ZipFile]:
    """The archive, open."""
    with zipfile.ZipFile(artefact / "deployment.zip") as opened:
        yield opened


def test_two_files_are_left(made: Job) -> None:
    """The stage's folder holds the archive and the template, and nothing of the work lies beside it."""
    assert sorted(each.name for each in made.place.iterdir()) == ["deployment.zip", "sam.json"]
    assert [each.name for each in made.out.iterdir()] == [made.stage]


def test_the_template_runs_this_interpreter_from_the_archive(artefact: Path) -> None:
    """Every function has the runtime that the byte code was made with, its architecture, and the archive beside it."""
    template = json.loads((artefact / "sam.json").read_text(encoding="utf-8"))
    functions = [each["Properties"] for each in template["Resources"].values() if each["Type"].endswith(":Function")]
    runtime = f"python{sys.version_info.major}.{sys.version_info.minor}"
    assert {each["Handler"] for each in functions} >= {"app.app", "app.advance", "app.tick", "app.reap"}
    assert {(each["Runtime"], each["CodeUri"], *each["Architectures"]) for each in functions} == {
        (runtime, "./deployment.zip", "x86_64")
    }


def test_every_module_has_byte_code_that_is_never_compared(archive: zipfile.ZipFile) -> None:
    """Beside each source lies the byte code of this interpreter, marked as valid whatever the file's time."""
    names = set(archive.namelist())
    sources = [PurePosixPath(name) for name in names if name.endswith(".py")]
    compiled = [
        str(each.parent / "__pycache__" / f"{each.stem}.{sys.implementation.cache_tag}.pyc") for each in sources
    ]
    assert sorted(set(compiled) - names) == []
    assert {int.from_bytes(archive.read(name)[4:8], "little") for name in compiled} == {UNCHECKED}


def test_entries_tell_nothing_of_the_machine(archive: zipfile.ZipFile) -> None:
    """Files are sorted by name, with one time, one mode and one system."""
    entries = archive.infolist()
    assert [each.filename for each in entries] == sorted(each.filename for each in entries)
    assert {(each.date_time, each.external_attr >> 16, each.create_system, each.compress_type) for each in entries} == {
        PLAIN_ENTRY
    }


def test_what_never_runs_is_left_out(archive: zipfile.ZipFile) -> None:
    """No tests, no stubs, no metadata that nobody asks for, no descriptions of services that are not used."""
    paths = [PurePosixPath(name) for name in archive.namelist()]
    assert [str(path) for path in paths if path.suffix == ".pyi" or "tests" in path.parts[:-1]] == []
    assert {path.parts[0].split("-")[0] for path in paths if ".dist-info" in path.parts[0]} == {"paramiko"}
    services = {path.parts[2] for path in paths if path.parts[:2] == ("botocore", "data") and len(path.parts) > 3}
    assert services == set(botocore_data.SERVICES)


def test_ours_is_there_with_all_that_is_no_code(made: Job, archive: zipfile.ZipFile) -> None:
    """Every file of `chalicelib`, templates and assets included, is in the archive as it is in the checkout."""
    files = [path for path in (made.project / "chalicelib").rglob("*") if path.is_file()]
    assert {path.suffix for path in files} >= {".py", ".html", ".txt", ".css", ".js"}
    for path in (made.project / "app.py", *files):
        assert archive.read(path.relative_to(made.project).as_posix()) == path.read_bytes()


def test_chalice_itself_stays_out(archive: zipfile.ZipFile) -> None:
    """Of Chalice only its runtime is shipped, and none of the tools that packages are made with."""
    sources = {name for name in archive.namelist() if name.startswith("chalice/") and name.endswith(".py")}
    assert sources == {"chalice/__init__.py", "chalice/app.py"}
    tops = {name.split("/")[0] for name in archive.namelist()}
    assert tops & {"pip", "setuptools", "wheel", "boto3", "pytest", "moto", "onebox", "builder", "ccc"} == set()


def test_the_budget_is_kept(artefact: Path) -> None:
    """The artefact is within what we allow ourselves, and that is less than what Lambda takes."""
    assert size.of_archive(artefact / "deployment.zip").exceeded() == []
    assert all(budget < limit for budget, limit in zip(size.BUDGETS, size.LIMITS, strict=True))


def test_the_same_checkout_gives_the_same_bytes(made: Job, artefact: Path, tmp_path: Path) -> None:
    """Elsewhere, with another umask, language, time zone and hash seed, and with an empty cache: the same bytes."""
    project, out, cache = tmp_path / "other name" / "project", tmp_path / "elsewhere", tmp_path / "cache"
    cache.mkdir()
    (cache / "wheels").symlink_to(made.cache / "wheels")
    shutil.copytree(made.project, project)
    script = Path(__file__).resolve().parents[3] / "packaging" / "package.py"
    command = [sys.executable, str(script), "--stage", made.stage, "--project", str(project)]
    variables = os.environ | {"LC_ALL": "tr_TR.UTF-8", "TZ": "Asia/Tokyo", "PYTHONHASHSEED": "7"}  # noqa: TID251 -- a test
    done = subprocess.run(
        [*command, "--out", str(out), "--cache", str(cache)],
        env=variables, umask=0o077, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for name in ("deployment.zip", "sam.json"):
        assert digest.of_file(out / made.stage / name) == digest.of_file(artefact / name)
    assert digest.of_file(artefact / "deployment.zip") in done.stdout

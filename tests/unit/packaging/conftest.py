"""The artefact of the checkout, made once for all tests of this folder, and the tools that make it on Python's path."""

from __future__ import annotations

import fcntl
import sys
from pathlib import Path

import pytest

from tests.missing import without

ROOT = Path(__file__).resolve().parents[3]
STAGE = "dev"

if str(ROOT / "packaging") not in sys.path:
    sys.path.append(str(ROOT / "packaging"))  # a folder of scripts; see docs/packaging.md

from artefact.build import Job, build  # noqa: E402 -- found only after the line above
from artefact.failure import IndexUnreachable  # noqa: E402 -- same
from artefact.project import copy_of  # noqa: E402 -- same
from artefact.target import of_this_interpreter  # noqa: E402 -- same

CACHE = ROOT / ".cache" / "package"
"""What has been downloaded or made once is used again."""


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of this run have in common."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if own.name.startswith("popen-") else own


@pytest.fixture(scope="session")
def made(shared: Path) -> Job:
    """A copy of the checkout, packaged by the first worker that asks."""
    job = Job(
        project=shared / "packaged-project",
        stage=STAGE,
        target=of_this_interpreter(),
        cache=CACHE,
        out=shared / "packaged",
    )
    with (shared / "packaging.lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not job.place.is_dir():
            _make(job)
    return job


def _make(job: Job) -> None:
    if not job.project.is_dir():
        copy_of(ROOT, job.project)
    try:
        build(job)
    except IndexUnreachable as unreachable:
        without(str(unreachable))


@pytest.fixture(scope="session")
def artefact(made: Job) -> Path:
    """The folder with `deployment.zip` and `sam.json`."""
    return made.place

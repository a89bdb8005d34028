"""From a checkout to the artefact: the order of the steps, and what is left when they are done.

`out/<stage>/deployment.zip` and `out/<stage>/sam.json`, and nothing else beside them. All work is done in folders that
nobody looks at; the two appear together.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from artefact import archive, bytecode, chalice_output, libraries, size, stamp
from artefact.failure import PackagingFailed
from artefact.programs import run
from artefact.project import REQUIREMENTS, copy_code, copy_of
from artefact.size import Size
from artefact.target import Target
from artefact.whole import alone, replace, workshop


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What to package, for which stage, with which cache, and where the result is to be put."""

    project: Path
    stage: str
    target: Target
    cache: Path
    out: Path

    @property
    def place(self) -> Path:
        """The folder of the result."""
        return self.out / self.stage


def build(job: Job) -> Size:
    """Make the artefact and put it in its place; PackagingFailed when anything is wrong, its budget included."""
    with alone(job.cache), workshop(job.out) as shop:
        project = copy_of(job.project, shop / "project")
        finished = _finished(project, job, shop)
        found = size.of_archive(finished / chalice_output.ARCHIVE)
        if too_big := found.exceeded():
            raise PackagingFailed("\n".join(too_big))
        made_of = stamp.of_inputs(project, job.target)
        replace(finished, job.place)
        stamp.leave(job.cache, job.place, made_of)
    return found


def _finished(project: Path, job: Job, shop: Path) -> Path:
    packaged = chalice_output.package(project, job.stage, shop)
    template = chalice_output.template(packaged, job.target)
    finished = shop / "finished"
    finished.mkdir()
    text = json.dumps(template, indent=2, sort_keys=True, ensure_ascii=False)
    (finished / chalice_output.TEMPLATE).write_text(f"{text}\n", encoding="utf-8")
    ours = _ours(project, packaged, shop / "ours")
    theirs = libraries.slim(project / REQUIREMENTS, job.target, job.cache)
    archive.write((ours, theirs), finished / chalice_output.ARCHIVE)
    return finished


def _ours(project: Path, packaged: Path, folder: Path) -> Path:
    """Our code and Chalice's runtime, with their byte code."""
    copy_code(project, folder)
    chalice_output.unpack_runtime(packaged, folder)
    run(bytecode.command(folder), cwd=folder, variables=bytecode.VARIABLES)
    return folder

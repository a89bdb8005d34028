# ruff: noqa: INP001 -- a script; the folder is not a package (see docs/packaging.md)
"""Make the artefact of a stage: `out/<stage>/deployment.zip` and `out/<stage>/sam.json`; `make package` calls this.

A script of the repository: Python looks for `artefact` beside it. Exit status 1 and the reason when it could not be
made, 3 when that is because no package index answers.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from artefact import cold_import, digest, stamp
from artefact.build import Job, build
from artefact.chalice_output import ARCHIVE
from artefact.failure import IndexUnreachable, PackagingFailed
from artefact.project import ROOT
from artefact.target import of_this_interpreter

NO_INDEX = 3
ROUNDS = 5
"""Enough to see whether the cold import is within its budget; `make bench` takes more."""


def main(arguments: Sequence[str]) -> int:
    """Package as asked and tell what came out; the exit status."""
    asked = _parser().parse_args(arguments)
    try:
        _package(asked)
    except PackagingFailed as failure:
        sys.stderr.write(f"package: {failure}\n")
        return NO_INDEX if isinstance(failure, IndexUnreachable) else 1
    return 0


def _package(asked: argparse.Namespace) -> None:
    job = Job(project=asked.project, stage=asked.stage, target=of_this_interpreter(), cache=asked.cache, out=asked.out)
    if asked.if_stale and stamp.current(job.cache, job.place, stamp.of_inputs(job.project, job.target)):
        sys.stdout.write(f"package: {job.place} is current\n")
    else:
        _tell(job, rounds=ROUNDS if asked.budget else 0)


def _tell(job: Job, *, rounds: int) -> None:
    lines = [*build(job).told(), f"sha256 {digest.of_file(job.place / ARCHIVE)}"]
    if rounds:
        lines.append(cold_import.told(cold_import.measured(job.place, job.project, job.cache, rounds=rounds)))
    for line in lines:
        sys.stdout.write(f"package: {job.place}: {line}\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stage", required=True, help="one of the stages in .chalice/config.json")
    parser.add_argument("--if-stale", action="store_true", help="do nothing when the last artefact is still right")
    parser.add_argument("--budget", action="store_true", help="measure the cold import too (half a minute)")
    parser.add_argument("--project", type=Path, default=ROOT, help="the checkout (the one this script is in)")
    parser.add_argument("--out", type=Path, default=ROOT / "out", help="the folder above the stage's (out)")
    parser.add_argument("--cache", type=Path, default=ROOT / ".cache" / "package", help="kept between runs")
    return parser


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

"""The libraries of the artefact: exactly the pinned ones, checked by hash, as wheels for the target.

Two layers are kept in the cache, each under the fingerprint of what decides it: `raw`, what pip unpacks, and `slim`,
what is shipped of it, with byte code. Nothing of the virtual environment gets in.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path, PurePosixPath

from artefact import botocore_data, bytecode, digest, trim
from artefact.archive import files
from artefact.failure import IndexUnreachable, PackagingFailed
from artefact.programs import run
from artefact.target import Target
from artefact.whole import made_whole

WHEELS = "wheels"
SILENCE = "after connection broken by"
"""What pip says of an index that it could not reach, before it says that there is no such library."""


def raw(requirements: Path, target: Target, cache: Path) -> Path:
    """The folder with all that the wheels contain, installed when it is not in the cache; not to be changed."""
    name = f"raw-{digest.of_files([('', requirements)], *target.pip_options())[:16]}"
    return made_whole(cache / name, lambda folder: _install(requirements, target, cache / WHEELS, folder))


def slim(requirements: Path, target: Target, cache: Path) -> Path:
    """The folder with what is shipped of them and its byte code; not to be changed."""
    whole = raw(requirements, target, cache)
    rules = [(each.__name__, Path(str(each.__file__))) for each in (trim, botocore_data, bytecode)]
    name = f"slim-{digest.of_files(rules, whole.name, sys.version)[:16]}"
    return made_whole(cache / name, lambda folder: _trim(whole, folder))


def _install(requirements: Path, target: Target, wheels: Path, folder: Path) -> None:
    """From the wheels of former runs if they are enough, else with what the index has more."""
    wheels.mkdir(parents=True, exist_ok=True)
    wanted = ["--require-hashes", "--requirement", str(requirements), *target.pip_options()]
    known = ["--no-index", "--find-links", str(wheels)]
    install = ["install", *wanted, *known, "--no-compile", "--target", str(folder)]
    try:
        _pip(install, wheels)
    except PackagingFailed:
        shutil.rmtree(folder)  # whatever the failed try has left of it
        _pip(["download", *wanted, "--dest", str(wheels)], wheels)
        _pip(install, wheels)


def _pip(arguments: list[str], home: Path) -> None:
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input", *arguments]
    try:
        run(command, cwd=home)
    except PackagingFailed as failed:
        if SILENCE in str(failed):
            why = "A library is not in the cache, and no package index answers"
            raise IndexUnreachable(f"{why}: {str(failed).splitlines()[-1]}") from failed
        raise


def _trim(whole: Path, folder: Path) -> None:
    for path in files(whole):
        inside = path.relative_to(whole)
        if trim.shipped(PurePosixPath(inside.as_posix())):
            (folder / inside).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, folder / inside)
    run(bytecode.command(folder), cwd=folder, variables=bytecode.VARIABLES)

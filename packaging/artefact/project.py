"""What of a checkout goes into the artefact, and what else decides how it comes out."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

CODE = ("app.py", "chalicelib")
SETTINGS = ".chalice"
REQUIREMENTS = "requirements.txt"
HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
"""The checkout that these tools belong to."""

UNWANTED = shutil.ignore_patterns("__pycache__", "*.pyc", "deployments", "deployed", ".*.swp")


def copy_of(project: Path, target: Path) -> Path:
    """A copy, in a new folder, of all in a checkout that decides the artefact: what follows sees one state of it."""
    target.mkdir()
    for name in (*CODE, SETTINGS, REQUIREMENTS):
        copy(project / name, target / name)
    return target


def copy_code(project: Path, target: Path) -> Path:
    """A copy of `app.py` and `chalicelib` alone in a new folder, without any byte code."""
    target.mkdir()
    for name in CODE:
        copy(project / name, target / name)
    return target


def copy(source: Path, target: Path) -> None:
    """Copy a file, or a folder without what never belongs to a project."""
    if source.is_dir():
        shutil.copytree(source, target, ignore=UNWANTED)
    else:
        shutil.copyfile(source, target)


def inputs(project: Path) -> Iterator[tuple[str, Path]]:
    """Every file that decides what the artefact is, with a name that does not depend on where things lie."""
    for name in (*CODE, SETTINGS, REQUIREMENTS):
        for path in files_below(project / name):
            yield path.relative_to(project).as_posix(), path
    for path in files_below(HERE):
        yield f"artefact/{path.relative_to(HERE).as_posix()}", path


def files_below(place: Path) -> list[Path]:
    """A file itself, or all files in a folder in a stable order, without those that never belong to a project."""
    if not place.is_dir():
        return [place]
    names = [each.name for each in place.iterdir()]
    wanted = sorted(set(names) - UNWANTED(str(place), names))
    return [path for name in wanted for path in files_below(place / name)]

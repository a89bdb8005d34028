"""Whether what was packaged is still what would be packaged: a note in the cache, since nothing may lie beside the two.

The note tells the fingerprints of what went in and of what came out; an artefact that somebody has touched is not
current.
"""

from __future__ import annotations

import hashlib
import json
import sys
from importlib.metadata import version
from pathlib import Path

from artefact import digest, project
from artefact.target import Target


def of_inputs(checkout: Path, target: Target) -> str:
    """The fingerprint of everything that decides the artefact: code, settings, pins, these tools, the packagers."""
    return digest.of_files(project.inputs(checkout), target.runtime, sys.version, version("chalice"), version("pip"))


def leave(cache: Path, place: Path, inputs: str) -> None:
    """Note that what is in a folder was made of these inputs."""
    note = {"inputs": inputs, "outputs": _outputs(place)}
    partial = _note(cache, place).with_suffix(".partial")
    partial.write_text(json.dumps(note), encoding="utf-8")
    partial.rename(_note(cache, place))


def current(cache: Path, place: Path, inputs: str) -> bool:
    """Whether a folder still holds what was made of exactly these inputs."""
    try:
        found = json.loads(_note(cache, place).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return bool(place.is_dir() and found == {"inputs": inputs, "outputs": _outputs(place)})


def _outputs(place: Path) -> str:
    return digest.of_files((each.name, each) for each in sorted(place.iterdir()))


def _note(cache: Path, place: Path) -> Path:
    return cache / f"{hashlib.sha256(str(place.resolve()).encode()).hexdigest()[:16]}.json"

"""What Chalice makes of a project: the template with our resources merged in, and the part of itself that it ships.

Chalice gets a copy that asks for no libraries: the template does not depend on them, and ours are chosen by
`libraries.py`, by hash. What of Chalice runs in Lambda is read out of the archive that it makes, so that no list of
ours can be wrong about it.
"""

from __future__ import annotations

import json
import sys
import zipfile
from pathlib import Path
from typing import Any

from artefact import project as of_project
from artefact.failure import PackagingFailed
from artefact.programs import run
from artefact.target import Target

CHALICE = Path(sys.executable).parent / "chalice"
RUNTIME = "chalice/"
ARCHIVE = "deployment.zip"
TEMPLATE = "sam.json"
VARIABLES = {"AWS_DEFAULT_REGION": "eu-central-1", "AWS_EC2_METADATA_DISABLED": "true"}
"""Chalice wants to know a region; nothing is asked there and nothing of it gets into the template."""


def package(project: Path, stage: str, workshop: Path) -> Path:
    """Let Chalice package a copy of a project for one stage; the folder with its archive and template."""
    copied = of_project.copy_of(project, workshop / "for-chalice")
    (copied / of_project.REQUIREMENTS).write_text("", encoding="utf-8")
    out = workshop / "chalice"
    merged = copied / of_project.SETTINGS / "resources.json"
    command = [str(CHALICE), "package", "--stage", stage, "--merge-template", str(merged), str(out)]
    run(command, cwd=copied, variables=VARIABLES)
    return out


def template(packaged: Path, target: Target) -> dict[str, Any]:
    """The template; PackagingFailed unless each function runs the target's runtime from the archive beside it."""
    found: dict[str, Any] = json.loads((packaged / TEMPLATE).read_text(encoding="utf-8"))
    wanted = {"Runtime": target.runtime, "CodeUri": f"./{ARCHIVE}", "Architectures": ["x86_64"]}
    for name, each in found["Resources"].items():
        if each["Type"] == "AWS::Serverless::Function":
            wrong = {key: each["Properties"].get(key) for key in wanted if each["Properties"].get(key) != wanted[key]}
            if wrong:
                raise PackagingFailed(f"{name} has {wrong}, expected {wanted}.")
    return found


def unpack_runtime(packaged: Path, target: Path) -> None:
    """Put Chalice's own runtime into a folder."""
    with zipfile.ZipFile(packaged / ARCHIVE) as archive:
        archive.extractall(target, [each for each in archive.namelist() if each.startswith(RUNTIME)])

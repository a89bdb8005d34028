"""The artefact that is rehearsed: packaged if it is not current, unpacked into the stack's folder under its digest.

What makes it is `packaging/`; here it is only asked for. `ONEBOX_ARTEFACT` names a folder with another one.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from onebox.aws.template import Template
from onebox.settings import CHECKOUT

STAGE = "dev"
ARCHIVE, TEMPLATE = "deployment.zip", "sam.json"
VARIABLE = "ONEBOX_ARTEFACT"

_TRIES = 5
_PASSED = ("PATH", "HOME", "LANG", "TMPDIR")


class NotPackaged(Exception):
    """There is no artefact and none could be made; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Artefact:
    """`code` is what the functions are loaded from; `sam` is the packaged template beside it."""

    code: Path
    sam: Path

    @property
    def template(self) -> Template:
        """The template, for the stack of the stage."""
        return Template.read(self.sam, STAGE)


def unpacked(folder: Path, variables: Mapping[str, str]) -> Artefact:
    """The current artefact below `folder`, where older ones are removed. NotPackaged."""
    source = Path(variables[VARIABLE]) if variables.get(VARIABLE) else _packaged(variables)
    archive, sam = _both(source)
    wanted = folder / hashlib.sha256(archive + sam).hexdigest()[:16]
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for other in folder.iterdir():
        if other != wanted:
            shutil.rmtree(other)
    if not wanted.exists():
        _unpack(archive, sam, wanted)
    return Artefact(code=wanted / "code", sam=wanted / TEMPLATE)


def _packaged(variables: Mapping[str, str]) -> Path:
    """The checkout's own artefact of the stage, made anew when anything that decides it has changed."""
    command = [sys.executable, "packaging/package.py", "--stage", STAGE, "--if-stale"]
    given = {name: variables[name] for name in variables if name in _PASSED or name.startswith(("PIP_", "XDG_"))}
    done = subprocess.run(command, cwd=CHECKOUT, env=given, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise NotPackaged(f"The artefact could not be packaged: {done.stderr.strip() or done.stdout.strip()}")
    return CHECKOUT / "out" / STAGE


def _both(source: Path) -> tuple[bytes, bytes]:
    """Archive and template that belong together, though somebody may be packaging anew: both out of one folder."""
    for _ in range(_TRIES):
        try:
            handle = os.open(source, os.O_PATH | os.O_DIRECTORY)
            try:
                there = Path(f"/proc/self/fd/{handle}")
                return (there / ARCHIVE).read_bytes(), (there / TEMPLATE).read_bytes()
            finally:
                os.close(handle)
        except FileNotFoundError:
            continue
    raise NotPackaged(f"{source} holds no {ARCHIVE} and {TEMPLATE}: run `make package STAGE={STAGE}`.")


def _unpack(archive: bytes, sam: bytes, target: Path) -> None:
    partial = target.with_name(f".{target.name}")
    shutil.rmtree(partial, ignore_errors=True)
    (partial / "code").mkdir(parents=True)
    packed = partial / ARCHIVE
    packed.write_bytes(archive)
    with zipfile.ZipFile(packed) as opened:
        opened.extractall(partial / "code")
    packed.unlink()
    (partial / TEMPLATE).write_bytes(sam)
    partial.rename(target)

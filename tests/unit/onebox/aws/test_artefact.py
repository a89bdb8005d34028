"""The artefact in the stack's folder: unpacked once per content, the older ones thrown away."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from onebox.aws.artefact import VARIABLE, NotPackaged, unpacked


def _artefact(folder: Path, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(folder / "deployment.zip", "w") as archive:
        archive.writestr("app.py", text)
    (folder / "sam.json").write_text(json.dumps({"Resources": {}}))
    return folder


def test_it_is_unpacked_once(tmp_path: Path) -> None:
    """The same artefact lies where it lay, untouched; another one takes its place."""
    source = _artefact(tmp_path / "out", "x = 1\n")
    first = unpacked(tmp_path / "here", {VARIABLE: str(source)})
    assert (first.code / "app.py").read_text() == "x = 1\n"
    assert first.template.stack == "ccc-dev"
    (first.code / "note").touch()
    assert unpacked(tmp_path / "here", {VARIABLE: str(source)}) == first
    assert (first.code / "note").exists()
    second = unpacked(tmp_path / "here", {VARIABLE: str(_artefact(source, "x = 2\n"))})
    assert (second.code / "app.py").read_text() == "x = 2\n"
    assert not first.code.exists()


def test_a_folder_without_one_is_told(tmp_path: Path) -> None:
    """Where there is nothing to unpack, the sentence says what makes it."""
    with pytest.raises(NotPackaged, match="make package STAGE=dev"):
        unpacked(tmp_path / "here", {VARIABLE: str(tmp_path)})

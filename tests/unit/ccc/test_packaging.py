"""`ccc/pyproject.toml`: the command line installs without the service beside it."""

from __future__ import annotations

import tomllib

from ccc import __version__
from ccc.__main__ import main
from tests.unit.ccc.command_line import CHECKOUT

PROJECT = tomllib.loads((CHECKOUT / "ccc" / "pyproject.toml").read_text(encoding="utf-8"))


def test_version() -> None:
    """The package and the program say the same version."""
    assert PROJECT["project"]["version"] == __version__


def test_every_folder_is_packaged() -> None:
    """No folder with code is left out of the package."""
    folders = {path.parent.relative_to(CHECKOUT) for path in (CHECKOUT / "ccc").rglob("*.py")}
    assert set(PROJECT["tool"]["setuptools"]["packages"]) == {".".join(folder.parts) for folder in folders}


def test_the_console_script() -> None:
    """The program that pip makes calls the function that exists."""
    assert PROJECT["project"]["scripts"] == {"ccc": f"{main.__module__}:{main.__name__}"}

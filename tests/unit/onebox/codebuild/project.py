"""Projects for the tests of the stand-in, and a wait for what its builds do."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from onebox.codebuild import buildspec
from onebox.codebuild.build import Project

NAME = "ccc-test-builder"


def project(folder: Path, *commands: str, **image: str) -> Project:
    """A project whose build phase has these commands."""
    listed = "".join(f"      - |-\n        {command}\n" for command in commands)
    variables = "    FROM_SPEC: spec\n    FROM_START: spec\n"
    text = f"version: 0.2\nenv:\n  variables:\n{variables}phases:\n  build:\n    commands:\n{listed}"
    return Project(name=NAME, buildspec=buildspec.read(text), source=folder, image={"PATH": "/usr/bin:/bin", **image})


def until(true: Callable[[], object], within_seconds: float = 60.0) -> bool:
    """Wait until something is true; whether it became so."""
    end = time.monotonic() + within_seconds
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True

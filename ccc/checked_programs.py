"""Whether this machine runs one box at all: Linux, a Python, an SSH client."""

from __future__ import annotations

import shutil
import sys

from ccc.finding import Finding, good, missing

OLDEST_PYTHON, TOO_NEW_PYTHON = (3, 11), (3, 14)


def linux(platform: str = sys.platform) -> Finding:
    """Return whether this is Linux, the one system on which one box runs."""
    if platform.startswith("linux"):
        return good("Linux", "yes")
    return missing("Linux", f"this is {platform}", "run it on Linux, in a virtual machine for example")


def python(version: tuple[int, int] = sys.version_info[:2]) -> Finding:
    """Return whether a version of Python, usually the one that runs this, is one that the service runs on."""
    said = ".".join(str(part) for part in version)
    if OLDEST_PYTHON <= version < TOO_NEW_PYTHON:
        return good("python", said)
    return missing("python", f"{said} is not 3.11, 3.12 or 3.13", "make -B .venv PYTHON=/path/to/python3.13")


def ssh(path: str) -> Finding:
    """Return whether there is an SSH client on PATH."""
    found = shutil.which("ssh", path=path)
    if found:
        return good("ssh", found)
    return missing("ssh", "it is not on PATH", "sudo apt-get install openssh-client")

"""Which files of the libraries are shipped. Everything else never runs: tests, type stubs, C sources, metadata.

A library that asks for its own metadata while it is loaded (`importlib.metadata`) keeps that one file. Without the
others, pydantic's look for plug-ins is over at once; a library that begins to ask fails in the test that loads
everything from the artefact alone.
"""

from __future__ import annotations

from pathlib import PurePosixPath

from artefact import botocore_data

FOLDERS = ("__pycache__", "tests", "bin")
"""Folders that are left out wherever they are."""

SUFFIXES = (".pyi", ".typed", ".c", ".h", ".pyx", ".pxd", ".pyc", ".completion", ".sh")
ASK_FOR_METADATA = ("paramiko",)
"""Libraries that read the version of themselves out of their metadata."""

BOTOCORE_DATA = ("botocore", "data")


def shipped(path: PurePosixPath) -> bool:
    """Whether a file of the libraries is shipped, by its path below `site-packages`."""
    folders = path.parts[:-1]
    if folders and folders[0].endswith(".dist-info"):
        return path.name == "METADATA" and folders[0].split("-")[0] in ASK_FOR_METADATA
    if any(folder in FOLDERS for folder in folders):
        return False
    if folders[:2] == BOTOCORE_DATA:
        return botocore_data.shipped(path.parts[2:])
    return path.suffix not in SUFFIXES

"""Byte code beside every source file, so that a cold start reads it instead of compiling.

It is marked as never to be compared with its source (PEP 552: an unchecked hash): nothing there is written, and file
times do not survive an archive. The same sources give the same bytes: one process with a fixed hash seed compiles them
in a fixed order, since the order of a set's constants and what is marked as shared depend on both.

This file is also the program of that process; it imports nothing of ours.
"""

from __future__ import annotations

import py_compile
import sys
from pathlib import Path

DEPLOYED_AT = "/var/task"
"""Where Lambda puts the archive: what the byte code says of its place until it is imported from one."""


def command(folder: Path) -> list[str]:
    """How the process that compiles a folder is started; it needs `PYTHONHASHSEED` (see `VARIABLES`)."""
    return [sys.executable, "-P", "-s", "-S", "-B", str(Path(__file__).resolve()), str(folder)]


VARIABLES = {"PYTHONHASHSEED": "0"}


def compile_below(folder: Path) -> int:
    """Compile all modules below a folder in the order of their names; how many there were."""
    sources = sorted(folder.rglob("*.py"), key=lambda each: each.relative_to(folder).as_posix())
    for source in sources:
        py_compile.compile(
            str(source),
            dfile=f"{DEPLOYED_AT}/{source.relative_to(folder).as_posix()}",
            doraise=True,
            invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
        )
    return len(sources)


if __name__ == "__main__":
    sys.stdout.write(f"{compile_below(Path(sys.argv[1]))}\n")

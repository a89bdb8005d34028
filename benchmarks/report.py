"""The file `docs/benchmarks.md`: how the figures came about, on what, and the table."""

from __future__ import annotations

import platform
from pathlib import Path

from benchmarks.cores import cores

FILE = Path(__file__).resolve().parents[1] / "docs" / "benchmarks.md"

_TEXT = """\
# Benchmarks
Written by `make bench`'s program with `--write`, on {cores} cores of {machine} with Python {python}.

Every figure is a ratio: ours and the peer take turns in one run; the median of the log-ratios decides, the quartiles
are its spread. Seconds in the remarks belong to the machine and are no result. What is compared with what stands at
the head of each file in `benchmarks/`.

{table}"""


def write(table: str, file: Path = FILE) -> None:
    """Write the table with its explanation, in place of the last one."""
    text = _TEXT.format(cores=cores(), machine=platform.machine(), python=platform.python_version(), table=table)
    file.write_text(text, encoding="utf-8")

# ruff: noqa: INP001 -- a script; the folder is not a package (see docs/packaging.md)
"""Measure the cold import of an artefact against the same code packaged plainly; the pairs as JSON, in seconds.

`make bench` judges them; `package.py --budget` tells their median.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from artefact.cold_import import measured
from artefact.failure import PackagingFailed
from artefact.project import ROOT


def main(arguments: Sequence[str]) -> int:
    """Measure and print `[[ours, peer], …]`; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("artefact", type=Path, help="the folder with the archive and the template")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--cache", type=Path, default=ROOT / ".cache" / "package", help="where the libraries are")
    asked = parser.parse_args(arguments)
    try:
        found = measured(asked.artefact, ROOT, asked.cache, rounds=asked.rounds)
    except PackagingFailed as failure:
        sys.stderr.write(f"cold import: {failure}\n")
        return 1
    sys.stdout.write(f"{json.dumps(found)}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

"""The program whose imports are measured: a fresh interpreter that loads `app`, and what it is told beside it.

Arguments: the folders to import from, joined by `:`, then further modules. It prints the seconds of processor time of
the imports, without the interpreter's own start. It imports nothing of ours but what it measures.
"""

from __future__ import annotations

import importlib
import sys
import time


def imported(names: list[str]) -> float:
    """Import modules one after the other; the seconds of processor time that it took."""
    begun = time.process_time()
    for name in names:
        importlib.import_module(name)
    return time.process_time() - begun


if __name__ == "__main__":
    sys.path[:0] = sys.argv[1].split(":")
    sys.stdout.write(f"{imported(['app', *sys.argv[2:]])}\n")

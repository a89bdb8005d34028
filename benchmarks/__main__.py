"""`python -m benchmarks [--quick] [--write] [NAME…]`: run benchmarks and print the table; progress goes to stderr."""

from __future__ import annotations

import argparse
import sys

from benchmarks import report
from benchmarks.suite import NAMES, run
from benchmarks.table import table


def main(arguments: list[str]) -> int:
    """Run what is named, or everything; 1 when a benchmark broke. A missed goal is a figure and not an error."""
    parser = _parser()
    asked = parser.parse_args(arguments)
    if unknown := set(asked.names) - set(NAMES):
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    if asked.write and (asked.quick or asked.names):
        parser.error("--write needs all benchmarks at full size")
    results = run(asked.names or NAMES, quick=asked.quick, say=_say)
    shown = table(results.outcomes)
    print(shown, end="")
    for name, why in results.missing.items():
        print(f"* `{name}` was not measured: {why}")
    for name, trace in results.broken.items():
        _say(f"{name} broke:\n{trace}")
    if asked.write and not (results.broken or results.missing):
        report.write(shown)
    return 1 if results.broken else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Ratios between ours and peers.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--quick", action="store_true", help="smallest sizes: shows that it works, not how fast")
    parser.add_argument("--write", action="store_true", help=f"write {report.FILE.name} too")
    return parser


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

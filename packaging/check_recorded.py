# ruff: noqa: INP001 -- a script of the repository, imported by its tests alone
"""Hold the calls that a rehearsal recorded against the policies of the packaged template.

A script of the repository: Python looks for `lint` beside it. Exit status 1 and what was called when a call is not
allowed, or when nothing was recorded at all.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from lint import everything, recorded


def main(arguments: Sequence[str]) -> int:
    """Check one recording; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("template", type=Path, help="the packaged template, as out/dev/sam.json")
    parser.add_argument("recording", type=Path, help="the recorded calls, as var/aws/recorded.jsonl")
    parser.add_argument("--stage", default="dev", help="the stage that was packaged (dev)")
    asked = parser.parse_args(arguments)
    stack = everything.stacks(json.loads(asked.template.read_text(encoding="utf-8")), asked.stage)[0]
    calls = recorded.calls(asked.recording.read_text(encoding="utf-8").splitlines())
    wrong = list(recorded.problems(stack, calls)) if calls else ["nothing was recorded"]
    for problem in wrong:
        sys.stderr.write(f"{problem}\n")
    sys.stdout.write(f"policies: {len(calls)} different calls: {'not right' if wrong else 'ok'}\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

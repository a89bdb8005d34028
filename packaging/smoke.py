# ruff: noqa: INP001 -- a script; the folder is not a package (see docs/packaging.md)
"""Look at a deployed stage without buying anything; `make smoke` calls this. See docs/operating.md.

With an operator's token in CCC_TOKEN it also lets the reaper explain itself. Exit status 1 when anything is wrong.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from operate import command
from operate.aws import Aws
from operate.look_from_outside import looked
from operate.terminal import Screen


def main(arguments: Sequence[str]) -> int:
    """Look; the exit status."""
    asked = _parser().parse_args(arguments)
    return command.ended(
        "smoke", asked.stage, lambda: looked(Aws(asked.region), command.stage_of(asked), Screen(), url=asked.url)
    )


def _parser() -> argparse.ArgumentParser:
    parser = command.parser(__doc__)
    parser.add_argument(
        "--url", help="look at this address alone, and ask no account (a rehearsal: `make up STACK=aws`)"
    )
    return parser


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

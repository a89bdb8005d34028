# ruff: noqa: INP001 -- a script; the folder is not a package (see docs/packaging.md)
"""End a stage on AWS; `make destroy` calls this. See docs/operating.md.

It refuses while anything lives, keeps the table, and wants the stage's name typed (a line on standard input).
"""

from __future__ import annotations

import argparse
import functools
import sys
from collections.abc import Sequence

from operate import command
from operate.aws import Aws
from operate.destruction import Destruction
from operate.provider import endpoint_of, project_at
from operate.terminal import Screen


def main(arguments: Sequence[str]) -> int:
    """End it; the exit status."""
    asked = _parser().parse_args(arguments)
    return command.ended("destroy", asked.stage, lambda: _work(asked))


def _work(asked: argparse.Namespace) -> bool:
    screen = Screen()
    endpoint = endpoint_of(screen)
    Destruction(
        aws=Aws(asked.region),
        stage=command.stage_of(asked),
        terminal=screen,
        project=functools.partial(project_at, endpoint),
        secrets_too=asked.secrets,
    ).carry_out()
    return True


def _parser() -> argparse.ArgumentParser:
    parser = command.parser(__doc__)
    parser.add_argument("--secrets", action="store_true", help="delete the parameters too")
    return parser


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

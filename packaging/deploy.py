# ruff: noqa: INP001 -- a script; the folder is not a package (see docs/packaging.md)
"""Deploy the artefact of a stage to AWS; `make deploy` calls this. See docs/operating.md.

Nothing is asked: what would lose the table is refused without --i-know. It may be killed and repeated at any moment.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from operate import command
from operate.aws import Aws
from operate.deployment import Deployment, Wishes
from operate.failure import OperateFailed
from operate.look_from_outside import looked_after_deploying
from operate.ready_artefact import ready
from operate.terminal import Screen


def main(arguments: Sequence[str]) -> int:
    """Deploy; the exit status."""
    asked = _parser().parse_args(arguments)
    return command.ended("deploy", asked.stage, lambda: _work(asked))


def _work(asked: argparse.Namespace) -> bool:
    stage, aws, screen = command.stage_of(asked), Aws(asked.region), Screen()
    wishes = Wishes(parameters=_pairs(asked.parameter), i_know=asked.i_know, dry_run=asked.dry_run)
    deployment = Deployment(aws=aws, stage=stage, artefact=ready(stage), terminal=screen, wishes=wishes)
    stack = deployment.carry_out()
    return stack is None or looked_after_deploying(aws, stage, screen)


def _pairs(given: list[str]) -> dict[str, str]:
    pairs = [each.partition("=") for each in given]
    if not all(name and equals for name, equals, _ in pairs):
        raise OperateFailed("A parameter is given as Name=Value.", 'make deploy PARAMETERS="MailFrom=box@example.org"')
    return {name: value for name, _, value in pairs}


def _parser() -> argparse.ArgumentParser:
    parser = command.parser(__doc__)
    parser.add_argument("--parameter", action="append", default=[], metavar="NAME=VALUE", help="of the template")
    parser.add_argument("--i-know", action="store_true", help="even if the table leaves the stack")
    parser.add_argument("--dry-run", action="store_true", help="show the changes, and make none")
    return parser


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

# ruff: noqa: INP001 -- a script; the folder is not a package (see docs/packaging.md)
"""Make, rotate and forget the secrets of a stage in SSM; `make secrets` calls this. See docs/operating.md.

No value is taken from the command line or written to a file: the provider's token is asked for, or read from
HCLOUD_TOKEN, and an operator's token is shown once, on a terminal.
"""

from __future__ import annotations

import argparse
import functools
import sys
from collections.abc import Sequence

from operate import command
from operate.aws import Aws
from operate.provider import endpoint_of, project_at
from operate.secret_making import Secrets
from operate.terminal import Screen


def main(arguments: Sequence[str]) -> int:
    """Do what was asked; the exit status."""
    asked = _parser().parse_args(arguments)
    return command.ended("secrets", asked.stage, lambda: _work(asked))


def _work(asked: argparse.Namespace) -> bool:
    screen = Screen()
    endpoint = endpoint_of(screen)
    secrets = Secrets(
        aws=Aws(asked.region),
        stage=command.stage_of(asked),
        terminal=screen,
        project=functools.partial(project_at, endpoint),
    )
    if asked.forget:
        secrets.forget(asked.forget)
    elif asked.show:
        secrets.show()
    else:
        verbs = {
            "keyring": secrets.rotate_keyring,
            "operator": secrets.rotate_operator,
            "hetzner": secrets.rotate_hetzner,
            "smtp": secrets.set_smtp,
        }
        verbs.get(asked.rotate, secrets.complete)()
    return True


def _parser() -> argparse.ArgumentParser:
    parser = command.parser(__doc__)
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--rotate", choices=["keyring", "operator", "hetzner", "smtp"], help="put a new one in front")
    what.add_argument("--forget", metavar="ID", help="take an old secret or an operator out, by its id")
    what.add_argument("--show", action="store_true", help="say what there is, without values")
    return parser


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

"""What the command lines of these tools have in common: the stage and region they are told, and how they end."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from chalicelib.aws.errors import AwsError
from operate.aws import as_failure
from operate.failure import OperateFailed
from operate.stage import ROOT, Stage

INTERRUPTED = 130


def parser(about: str | None) -> argparse.ArgumentParser:
    """A parser with what all of them take."""
    made = argparse.ArgumentParser(description=about)
    made.add_argument("--stage", required=True, help="one of the stages in .chalice/config.json")
    made.add_argument("--region", help="AWS region (else AWS_DEFAULT_REGION, or the profile's)")
    made.add_argument("--out", type=Path, default=ROOT / "out", help="the folder above the stage's artefact (out)")
    return made


def stage_of(asked: argparse.Namespace) -> Stage:
    """The stage that was named; OperateFailed."""
    return Stage(name=asked.stage, out=asked.out)


def ended(program: str, stage: str, work: Callable[[], bool]) -> int:
    """The exit status of a command's work on a stage, which says whether all is well; refusals become sentences."""
    try:
        return 0 if work() else 1
    except OperateFailed as failure:
        sys.stderr.write(f"{program}: {failure.told(stage)}\n")
    except AwsError as error:
        sys.stderr.write(f"{program}: {as_failure(error).told(stage)}\n")
    except KeyboardInterrupt:
        sys.stderr.write(f"{program}: interrupted; type the same again to go on\n")
        return INTERRUPTED
    return 1

"""The --timeout option of the verbs that wait."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., object])


def timeout_option(seconds: int) -> Callable[[Command], Command]:
    """Return a decorator that adds `timeout`, a float in seconds, `seconds` unless said."""
    return click.option(
        "--timeout",
        type=click.FloatRange(min=0),
        default=float(seconds),
        metavar="SECONDS",
        help=f"How long to wait at most; {seconds} unless said. Then the exit code is 6.",
    )

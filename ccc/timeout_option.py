"""The --timeout option of the verbs that wait."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., object])


class Seconds(click.FloatRange):
    """A number of seconds, called so where it is none."""

    name = "number of seconds"

    def __init__(self) -> None:
        super().__init__(min=0)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number; raises BadParameter, also for `nan`, which no time is ever longer than."""
        number = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"{value!r} is not a valid {self.name}.", param, ctx)
        return number


def timeout_option(seconds: int) -> Callable[[Command], Command]:
    """Return a decorator that adds `timeout`, a float in seconds, `seconds` unless said."""
    return click.option(
        "--timeout",
        type=Seconds(),
        default=float(seconds),
        metavar="SECONDS",
        help=f"How long to wait at most; {seconds} unless said. Then the exit code is 6.",
    )

"""The HOURS argument: a whole number from 1 on; the service knows the upper limit."""

from __future__ import annotations

import click

from ccc.errors import WrongUse
from ccc.verb import Verb

DIGITS = 6  # more is no number of hours that anybody means
RULE = "HOURS is a whole number from 1 on"


class TakesHours(Verb):
    """A command with HOURS among its arguments: a negative number there is no unknown option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse as any command does; raises WrongUse for `-1` and the like."""
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            if error.option_name[1:2].isdigit():
                raise WrongUse(f"{RULE}; a negative number is not.") from error
            raise


def hours_from(said: str, *, hint: str = "") -> int:
    """Return the hours; raises WrongUse (without quoting what may be half a key), with `hint` behind the sentence."""
    if said.isascii() and said.isdigit() and len(said) <= DIGITS and int(said) > 0:
        return int(said)
    shown = repr(said) if len(said) <= DIGITS else "that"
    raise WrongUse(" ".join(part for part in (f"{RULE}; {shown} is not.", hint) if part))

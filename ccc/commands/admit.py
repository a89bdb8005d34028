"""`ccc admit`: let an address sign up again that was shut out."""

from __future__ import annotations

import click

from ccc.connection import open_api
from ccc.output import emit, tell
from ccc.verb import Verb, example, wants_json


@click.command(
    "admit", cls=Verb, short_help="Let an address sign up again.", epilog=example("ccc admit guest@example.org")
)
@click.argument("address")
@click.pass_context
def command(ctx: click.Context, address: str) -> None:
    """Let ADDRESS sign up again after `ccc deprovision --email`; what was ended stays ended."""
    done = open_api(ctx).operate("/owners/admit", {"email": address})
    if wants_json(ctx):
        emit(done)
    else:
        tell("It may sign up again." if done.get("was_excluded") else "It was not shut out.")

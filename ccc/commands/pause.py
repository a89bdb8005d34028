"""`ccc pause`: no new machines until `ccc resume`."""

from __future__ import annotations

import click

from ccc.connection import open_api
from ccc.output import emit, say_next, tell
from ccc.verb import Verb, example, wants_json


@click.command("pause", cls=Verb, short_help="Switch new machines off.", epilog=example("ccc pause"))
@click.pass_context
def command(ctx: click.Context) -> None:
    """Take no orders, signups and confirmations until `ccc resume`; machines that run are not concerned."""
    state = open_api(ctx).operate("/operator/pause")
    if wants_json(ctx):
        emit(state)
        return
    tell("New machines are switched off. Confirmations wait; machines that run go on.")
    say_next("ccc resume")

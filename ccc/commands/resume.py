"""`ccc resume`: new machines again."""

from __future__ import annotations

import click

from ccc.connection import open_api
from ccc.output import emit, say, say_next, tell
from ccc.verb import Verb, example, wants_json


@click.command("resume", cls=Verb, short_help="Switch new machines on again.", epilog=example("ccc resume"))
@click.pass_context
def command(ctx: click.Context) -> None:
    """Take orders again after `ccc pause`, and when failed builds in a row have held them back."""
    state = open_api(ctx).operate("/operator/resume")
    if wants_json(ctx):
        emit(state)
        return
    tell("New machines are switched on.")
    if state.get("breaker_was_open"):
        say("Failed builds in a row had held them back: the next ones will tell whether the cause is gone.")
    if state.get("frozen"):
        say(f"Deleting is still frozen: {state['frozen']}")
        say_next("ccc accept-restore")

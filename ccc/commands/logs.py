"""`ccc logs`: the log of a machine's last build."""

from __future__ import annotations

import click

from ccc.connection import open_api
from ccc.instance_argument import instance_argument
from ccc.output import emit, say, tell
from ccc.verb import Verb, example, wants_json


@click.command("logs", cls=Verb, short_help="Show the last build's log.", epilog=example("ccc logs 0123456789ab"))
@instance_argument
@click.pass_context
def command(ctx: click.Context, instance_id: str) -> None:
    """Show the end of the last build's log; secrets were taken out of it by the service."""
    answer = open_api(ctx).log(instance_id)
    if wants_json(ctx):
        emit(answer)
        return
    text = str(answer.get("log") or "").replace("\r\n", "\n").rstrip("\n")
    if answer.get("attempt") is not None:
        say(f"Attempt {answer['attempt']}:")
    if text:
        tell(text)
    else:
        say("There is no log yet.")

"""`ccc logs`: the log of a machine's last build."""

from __future__ import annotations

from typing import Any

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
    if text and answer.get("attempt"):
        say(f"Attempt {_in_words(answer['attempt'])}:")
    if text:
        tell(text)
    else:
        say("There is no log yet.")


def _in_words(attempt: Any) -> str:
    """Return which try the log is of; a service of an earlier release tells the bare number."""
    if not isinstance(attempt, dict):
        return str(attempt)
    return f"{attempt.get('number')} of {attempt.get('most')}"

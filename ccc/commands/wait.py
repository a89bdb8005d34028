"""`ccc wait`: wait until a machine runs, and say how to log in."""

from __future__ import annotations

import click

from ccc.connection import open_api
from ccc.instance_argument import instance_argument
from ccc.output import emit
from ccc.ready import tell_ready
from ccc.settling import Wait, must_run, start_is_over, wait_for
from ccc.timeout_option import timeout_option
from ccc.verb import Verb, example, wants_json

WAIT_SECONDS = 1800


@click.command(
    "wait", cls=Verb, short_help="Wait until a machine runs.", epilog=example("ccc wait 0123456789ab --timeout 600")
)
@instance_argument
@timeout_option(WAIT_SECONDS)
@click.pass_context
def command(ctx: click.Context, instance_id: str, timeout: float) -> None:
    """Wait until the machine runs; exit code 1 when it never will, 6 when the time is over first."""
    api, json = open_api(ctx), wants_json(ctx)
    wait = Wait(settled=start_is_over, timeout=timeout, json=json)
    final = wait_for(api, api.instance(instance_id), wait)
    if json:
        emit(final.document)
    must_run(final)
    if not json:
        tell_ready(final)

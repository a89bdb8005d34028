"""`ccc retry`: order again what failed, with the same wishes."""

from __future__ import annotations

from dataclasses import replace

import click

from ccc.api import Api
from ccc.connection import api_at, connection_of, require_token
from ccc.errors import Interrupted
from ccc.handing_over import hand_over
from ccc.instance import Instance
from ccc.instance_argument import instance_argument
from ccc.manage_token import is_manage_token
from ccc.timeout_option import timeout_option
from ccc.verb import Verb, example

WAIT_SECONDS = 1800


@click.command(
    "retry",
    cls=Verb,
    short_help="Order a failed machine again.",
    epilog=example("ccc retry 0123456789ab", "ccc retry 0123456789ab --no-wait --output json"),
)
@instance_argument
@click.option("--no-wait", is_flag=True, help="Return as soon as the order is taken.")
@timeout_option(WAIT_SECONDS)
@click.pass_context
def command(ctx: click.Context, instance_id: str, no_wait: bool, timeout: float) -> None:
    """Order a machine that failed again, with the same key, hours and type, and wait until it runs.

    The new machine has an ID and a manage link of its own.
    """
    connection = require_token(connection_of(ctx))
    started = _retried(api_at(ctx, connection), instance_id)
    if is_manage_token(connection.token) and started.manage_token:  # an operator's opens the new one as well
        connection = replace(connection, token=started.manage_token)
    hand_over(ctx, started, connection, timeout=None if no_wait else timeout)


def _retried(api: Api, instance_id: str) -> Instance:
    try:
        return api.retry(instance_id)
    except KeyboardInterrupt:
        doubt = "Interrupted while ordering: the order may have been taken."
        looking = f"ccc status {instance_id}" if is_manage_token(api.token) else "ccc list"
        raise Interrupted(doubt, next_command=looking) from None

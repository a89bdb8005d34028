"""`ccc rotate-token`: a new manage link for a machine, after which the old ones open nothing."""

from __future__ import annotations

from dataclasses import replace
from shlex import quote

import click

from ccc.api import Api
from ccc.connection import Connection, api_at, connection_of, require_token
from ccc.contexts import load_contexts
from ccc.errors import BadAnswer, Interrupted
from ccc.handing_over import command_for, tell_link
from ccc.instance import Instance
from ccc.instance_argument import instance_argument
from ccc.manage_token import is_manage_token
from ccc.output import emit, say, say_next, tell
from ccc.verb import Verb, example, wants_json


@click.command(
    "rotate-token",
    cls=Verb,
    short_help="Make a new manage link.",
    epilog=example("ccc rotate-token 0123456789ab"),
)
@instance_argument
@click.pass_context
def command(ctx: click.Context, instance_id: str) -> None:
    """Make a new manage link for a machine, for when the old one fell into other hands.

    The links of earlier mails are dead then; the machine itself and logins to it are not touched.
    """
    connection = require_token(connection_of(ctx))
    rotated = _rotated(api_at(ctx, connection), instance_id)
    if wants_json(ctx):
        emit(rotated.document)
        return
    tell(f"Instance ID: {rotated.id}")
    tell_link(connection.url, rotated)
    say("The old links and tokens of this machine are dead.")
    if is_manage_token(connection.token):
        _say_how_to_go_on(connection, replace(connection, token=rotated.manage_token), rotated.id)


def _rotated(api: Api, instance_id: str) -> Instance:
    try:
        rotated = api.rotate_token(instance_id)
    except KeyboardInterrupt:
        doubt = "Interrupted while asking: the old token may be dead, and the next mail brings the new link."
        raise Interrupted(doubt, next_command=f"ccc status {instance_id}") from None
    if rotated.manage_token is None:
        raise BadAnswer("The service made a new token and did not tell it.")
    return rotated


def _say_how_to_go_on(old: Connection, new: Connection, instance_id: str) -> None:
    """Say what replaces the dead token: in the contexts that hold it, else in the environment."""
    saved = [name for name, one in load_contexts().by_name.items() if (one.url, one.token) == (old.url, old.token)]
    commands = [f"ccc context add {name} --url {quote(new.url)} --token {new.token}" for name in saved]
    say_next(*(commands or [command_for(new, f"ccc status {instance_id}")]))

"""Handing a machine over to whoever may have no other token: its manage link, told once, and how to go on with it.

Used by `confirm` and `retry`. With --output json the token is in the document instead, on stdout alone.
"""

from __future__ import annotations

import shlex

import click

from ccc.connection import Connection, api_at, usual_connection
from ccc.instance import Instance
from ccc.manage_token import is_manage_token, page_link
from ccc.output import emit, say, say_next, tell
from ccc.settling import Wait, interrupted, start_is_over
from ccc.started import finish
from ccc.verb import wants_json


def hand_over(ctx: click.Context, started: Instance, connection: Connection, *, timeout: float | None) -> None:
    """Tell a machine that was just started and wait for it, at most `timeout` seconds (None: not at all).

    `connection` is what opens it. Raises Interrupted, and what waiting raises.
    """
    if timeout is None:
        _tell(ctx, started, connection)
        return
    json = wants_json(ctx)
    say(f"Instance ID: {started.id}")
    try:
        if not json:
            tell_link(connection.url, started)
            _say_what_opens_it(connection)
        wait = Wait(settled=start_is_over, timeout=timeout, json=json)
        finish(api_at(ctx, connection), started, wait)
    except KeyboardInterrupt:
        raise interrupted(started) from None


def tell_link(url: str, instance: Instance) -> None:
    """Write the link of the machine's page to stdout where the answer told its manage token."""
    if instance.manage_token:
        tell(f"Manage link: {page_link(url, instance.id, instance.manage_token)}")


def assignments(connection: Connection) -> str:
    """Return what a shell has to set before its commands open the machine with `connection`'s manage token.

    Empty where they do anyway, and for an operator's token, which is not shown.
    """
    if not is_manage_token(connection.token):
        return ""
    usual = usual_connection()
    wanted = {
        "CCC_URL": None if usual and usual.url == connection.url else connection.url,
        "CCC_TOKEN": None if connection == usual else connection.token,
    }
    return " ".join(f"{name}={shlex.quote(value)}" for name, value in wanted.items() if value)


def command_for(connection: Connection, command: str) -> str:
    """Return `command` with what has to stand in front of it."""
    return f"{assignments(connection)} {command}".lstrip()


def _tell(ctx: click.Context, started: Instance, connection: Connection) -> None:
    if wants_json(ctx):
        emit(started.document)
        return
    tell(f"Instance ID: {started.id}")
    tell(f"Status: {started.status}")
    tell_link(connection.url, started)
    say_next(command_for(connection, f"ccc status {started.id}"))


def _say_what_opens_it(connection: Connection) -> None:
    needed = assignments(connection)
    if needed:
        say(f"For the commands below: export {needed}")

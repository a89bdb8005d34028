"""`ccc context`: the services known by name, and which of them is meant when nothing is said."""

from __future__ import annotations

import sys

import click

from ccc.connection import ADD_CONTEXT, Connection, checked_token, checked_url, connection_of, no_token
from ccc.contexts import change_contexts, load_contexts, save_context
from ccc.errors import WrongUse
from ccc.output import emit, say, say_next, tell
from ccc.suggesting import Suggesting
from ccc.table import Column, show_table
from ccc.verb import Verb, common_options, example, flags_of, wants_json

TOKEN_LIMIT = 4096  # bytes read from stdin


@click.group(
    "context",
    cls=Suggesting,
    short_help="Services known by name.",
    epilog=example("ccc context list", "ccc context use onebox-8000"),
)
def command() -> None:
    """Save services by name (address and token, readable by you alone) and choose the current one."""


@command.command("list", cls=Verb, short_help="List saved services.", epilog=example("ccc context list"))
@click.pass_context
def show_all(ctx: click.Context) -> None:
    """List saved services; the current one has a star. Tokens are not shown."""
    known = load_contexts()
    if wants_json(ctx):
        named = [{"name": name, "url": one.url} for name, one in known.by_name.items()]
        emit({"current": known.current, "contexts": named})
        return
    rows = [("*" if name == known.current else "", name, one.url) for name, one in known.by_name.items()]
    show_table((Column(name=""), Column(name="NAME"), Column(name="URL")), rows)
    if not known.by_name:
        say("No service is saved.")
        say_next(f"{ADD_CONTEXT}    (or: make up, which saves its own)")


@command.command("add", cls=Verb, short_help="Save a service.", epilog=example(
    "ccc context add mine --url https://ccc.example.org --token -"
))  # fmt: skip
@click.argument("name")
@click.pass_context
def add(ctx: click.Context, name: str) -> None:
    """Save --url and --token under NAME (a token of - is read from stdin, where no process list shows it)."""
    flags = flags_of(ctx)
    if not (flags.url and flags.token):
        raise WrongUse("Both are needed: --url URL and --token TOKEN (or --token - to read it from stdin).")
    token = sys.stdin.read(TOKEN_LIMIT).strip() if flags.token == "-" else flags.token  # noqa: S105 not a token
    if not token:
        raise WrongUse("The token is empty.")
    save_context(name, checked_url(flags.url), checked_token(token) or "")
    _report(ctx, name, "saved")


@command.command("use", cls=Verb, short_help="Make a service current.", epilog=example("ccc context use mine"))
@click.argument("name")
@click.pass_context
def use(ctx: click.Context, name: str) -> None:
    """Make NAME the service that is meant when nothing is said."""
    change_contexts(lambda known: known.using(name))
    _report(ctx, name, "now current")


@command.command("remove", cls=Verb, short_help="Forget a service.", epilog=example("ccc context remove mine"))
@click.argument("name")
@click.pass_context
def remove(ctx: click.Context, name: str) -> None:
    """Forget a service's address and token; the service itself is not touched."""
    change_contexts(lambda known: known.without(name))
    _report(ctx, name, "removed")


@command.command(
    "show",
    params=common_options(without="token"),
    short_help="Show what is in use.",
    epilog=example("ccc context show", "ccc context show --token"),
)
@click.option("--token", "token_wanted", is_flag=True, help="Print the token, and nothing else.")
@click.pass_context
def show(ctx: click.Context, token_wanted: bool) -> None:
    """Show which address a command would talk to now, and whether there is a token for it."""
    connection, current = connection_of(ctx), load_contexts().current
    if token_wanted:
        _show_token(ctx, connection)
    elif wants_json(ctx):
        emit({"current": current, "url": connection.url, "has_token": connection.token is not None})
    else:
        tell(f"Current context: {current or 'none'}")
        tell(f"URL: {connection.url}")
        tell(f"Token: {'known' if connection.token else 'none'}")


def _show_token(ctx: click.Context, connection: Connection) -> None:
    """Print the token; raises NotAllowed when there is none."""
    if connection.token is None:
        raise no_token(connection.url)
    if wants_json(ctx):
        emit({"token": connection.token})
    else:
        tell(connection.token)


def _report(ctx: click.Context, name: str, what: str) -> None:
    if wants_json(ctx):
        emit({"name": name, "done": what})
    else:
        say(f"Context {name} {what}.")

"""Which service a command talks to, and with which token.

The order is: `--url`/`--token`, then `CCC_URL`/`CCC_TOKEN`, then `--context`, then the current context. A saved token
goes only to the address it was saved with.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import click

from ccc.api import Api
from ccc.away import NamedBy, Place, Saved
from ccc.contexts import Context, Contexts, load_contexts
from ccc.environment import Environment, read_environment
from ccc.errors import CliError, NotAllowed, WrongUse
from ccc.output import say
from ccc.pinned_key import forget_when_over
from ccc.transport import Transport
from ccc.verb import Flags, flags_of

ADD_CONTEXT = "ccc context add NAME --url URL --token TOKEN"


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """An address without a trailing slash, a token where there is one, and what named the address."""

    url: str
    token: str | None = field(default=None, repr=False)
    named_by: NamedBy | None = field(default=None, compare=False)


def open_api(ctx: click.Context, *, token_needed: bool = True) -> Api:
    """Return the service this command is meant for; raises NotAllowed without a token, WrongUse without an address."""
    connection = connection_of(ctx, token_needed=token_needed)
    return api_at(ctx, require_token(connection) if token_needed else connection)


def require_token(connection: Connection) -> Connection:
    """Return the connection as it is; raises NotAllowed where it has no token."""
    if connection.token is None:
        raise no_token(connection.url)
    return connection


def no_token(url: str) -> NotAllowed:
    """Return what to say where an address is known and no token for it."""
    return NotAllowed(
        f"There is no token for {url}.",
        details=("A guest's is behind the # of the manage link, which is in the mail that says how to log in.",),
        next_command=f"ccc context add NAME --url {shlex.quote(url)} --token TOKEN",
    )


def api_at(ctx: click.Context, connection: Connection) -> Api:
    """Return the service behind this connection, closed when the command ends."""
    transport = Transport(
        url=connection.url, token=connection.token, place=_place(connection, load_contexts(), flags_of(ctx).context)
    )
    ctx.call_on_close(transport.close)
    return Api(transport, seen=forget_when_over)


def _place(connection: Connection, known: Contexts, asked: str | None) -> Place:
    """Return what else is known of an address: the name that it is saved under, and the services at others."""
    names = [name for name, one in known.by_name.items() if one.url == connection.url]
    others = (Saved(name=name, url=one.url) for name, one in known.by_name.items() if one.url != connection.url)
    meant = asked if connection.named_by is NamedBy.CONTEXT_FLAG else known.current
    name = meant if meant in names else next(iter(names), None)
    return Place(url=connection.url, named_by=connection.named_by, name=name, others=tuple(others))


def connection_of(ctx: click.Context, *, token_needed: bool = True, otherwise: str | None = None) -> Connection:
    """Return address and token by the order above, `otherwise` when nothing names an address.

    Raises WrongUse or NotAllowed.
    """
    flags, environment = flags_of(ctx), read_environment()
    return resolved(flags, environment, load_contexts(), token_needed=token_needed, otherwise=otherwise)


def usual_connection() -> Connection | None:
    """Return what a command without any of the common options would use, None for nothing usable."""
    try:
        return resolved(Flags(), read_environment(), load_contexts())
    except CliError:
        return None


def resolved(
    flags: Flags,
    environment: Environment,
    contexts: Contexts,
    *,
    token_needed: bool = True,
    otherwise: str | None = None,
) -> Connection:
    """Return what the three say together; raises WrongUse, or NotAllowed when nothing says anything."""
    context = _chosen(flags, contexts)
    if flags.context and (environment.url or environment.token):
        say("Note: CCC_URL and CCC_TOKEN come before --context.")
    said = flags.url or environment.url or (context.url if context else None) or otherwise
    if said is None:
        raise _nothing_known(token_given=bool(flags.token or environment.token), token_needed=token_needed)
    url = checked_url(said)
    saved = context if context and context.url == url else _of_address(url, contexts)
    token = flags.token or environment.token or (saved.token if saved else None)
    return Connection(url=url, token=checked_token(token), named_by=_named_by(flags, environment, context))


def _named_by(flags: Flags, environment: Environment, context: Context | None) -> NamedBy | None:
    """Return which of the order's places named the address; None where the caller had to."""
    if flags.url or environment.url:
        return NamedBy.FLAG if flags.url else NamedBy.VARIABLE
    if context is None:
        return None
    return NamedBy.CONTEXT_FLAG if flags.context else NamedBy.CURRENT


def checked_url(said: str) -> str:
    """Return an http(s) address without trailing slash; raises WrongUse."""
    try:
        parts = urlsplit(said)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or parts.query or parts.fragment or parts.username or not said.isprintable() or " " in said:
        raise WrongUse("The address must look like https://host or http://host:port/prefix.")
    return said.rstrip("/")


def checked_token(token: str | None) -> str | None:
    """Return a token that fits into a header; raises WrongUse."""
    if token is not None and not (token.isascii() and token.isprintable() and " " not in token):
        raise WrongUse("The token holds characters that no token has (spaces, line breaks, non-ASCII).")
    return token


def _nothing_known(*, token_given: bool, token_needed: bool) -> WrongUse | NotAllowed:
    if token_given:
        return WrongUse("There is a token but no address: give --url or CCC_URL.")
    if not token_needed:
        return WrongUse(
            "No service is known: give --url or CCC_URL; this needs no token.",
            next_command="make up    (starts the service on this machine)",
        )
    return NotAllowed(
        "No service and no token are known.", next_command=f"{ADD_CONTEXT}    (or: make up, which saves its own)"
    )


def _chosen(flags: Flags, contexts: Contexts) -> Context | None:
    if flags.context:
        return contexts.named(flags.context)
    return contexts.by_name[contexts.current] if contexts.current else None


def _of_address(url: str, contexts: Contexts) -> Context | None:
    return next((one for one in contexts.by_name.values() if one.url == url), None)

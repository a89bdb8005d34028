"""`ccc confirm`: start what a guest signed up for, with the link of the confirmation mail."""

from __future__ import annotations

from dataclasses import replace

import click

from ccc.confirm_ticket import Ticket, same_service, ticket_from
from ccc.connection import Connection, api_at, connection_of
from ccc.errors import BadAnswer, Interrupted, NotAllowed, NotFound, WrongUse
from ccc.handing_over import hand_over
from ccc.instance import Instance
from ccc.output import emit, say, tell
from ccc.timeout_option import timeout_option
from ccc.verb import Verb, example, wants_json

WAIT_SECONDS = 1800
WHOLE_LINK = "ccc confirm LINK    (the whole link of the newest confirmation mail, in quotes)"
BY_MAIL = "The link comes with the mail that says how to log in."


@click.command(
    "confirm",
    cls=Verb,
    short_help="Confirm a signup.",
    epilog=example(
        "ccc confirm https://ccc.example.org/confirm/0123456789ab/ccc_confirm_… --wait",
        "ccc confirm 0123456789ab ccc_confirm_…",
    ),
)
@click.argument("link", metavar="LINK|ID")
@click.argument("confirm_token", metavar="[TOKEN]", required=False)
@click.option("--wait", "waits", is_flag=True, help="Wait until the machine runs.")
@timeout_option(WAIT_SECONDS)
@click.pass_context
def command(ctx: click.Context, link: str, confirm_token: str | None, waits: bool, timeout: float) -> None:
    """Confirm a signup with the LINK of the mail, or with ID and TOKEN from it: the machine is bought and made.

    The answer tells the manage link, once: it opens the machine's page and is what `ccc status` and the others need.
    """
    ticket = ticket_from(link, confirm_token)
    connection = _connection(ctx, ticket)
    confirmed = _confirmed(ctx, connection, ticket)
    at_most = timeout if waits else None
    if confirmed is None:
        _again(ctx, ticket.id, connection, timeout=at_most)
    else:
        hand_over(ctx, confirmed, replace(connection, token=confirmed.manage_token), timeout=at_most)


def _connection(ctx: click.Context, ticket: Ticket) -> Connection:
    """Return the connection in use, which the link must be of; the link's own service where none is known."""
    connection = connection_of(ctx, token_needed=False, otherwise=ticket.url)
    if ticket.url and not same_service(ticket.url, connection.url):
        raise WrongUse(
            f"This link is for {ticket.url}, but commands go to {connection.url} now: nothing was sent.",
            next_command="ccc confirm --url URL LINK    (with the link's own address, if you trust it)",
        )
    return connection


def _confirmed(ctx: click.Context, connection: Connection, ticket: Ticket) -> Instance | None:
    """Return the machine that this started, None when it was confirmed before."""
    try:
        confirmed = api_at(ctx, replace(connection, token=ticket.token)).confirm(ticket.id)
    except (NotFound, NotAllowed) as error:
        error.next_command = WHOLE_LINK
        raise
    except KeyboardInterrupt:
        doubt = "Interrupted while confirming: it may have been taken. Once more does no harm."
        raise Interrupted(doubt, next_command=WHOLE_LINK) from None
    if confirmed and confirmed.manage_token is None:
        raise BadAnswer(f"The service confirmed {confirmed.id} and did not tell its manage token. {BY_MAIL}")
    return confirmed


def _again(ctx: click.Context, instance_id: str, connection: Connection, *, timeout: float | None) -> None:
    """Say that it was confirmed before, and wait only with a token that is known from elsewhere."""
    say(f"It was confirmed already, and its manage link was told then. {BY_MAIL}")
    if timeout is not None and connection.token:
        hand_over(ctx, api_at(ctx, connection).instance(instance_id), connection, timeout=timeout)
        return
    if wants_json(ctx):
        emit({"id": instance_id, "already_confirmed": True})
    else:
        tell(f"Instance ID: {instance_id}")
    if timeout is not None:
        raise NotAllowed("There is no token to wait with.", next_command=f"CCC_TOKEN=TOKEN ccc wait {instance_id}")
